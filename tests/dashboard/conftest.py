"""A home folder for every test, and the settings that the command would hand over."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from publications.storage.home import APP_VARIABLE, Home
from tests.dashboard.made_up_publications import encode_app_settings


@pytest.fixture(scope="session", autouse=True)
def packages_read_once() -> Iterator[None]:
    """Streamlit looks for components in all installed packages once, not anew for every page."""
    from streamlit.components.v2 import manifest_scanner

    with pytest.MonkeyPatch.context() as patch:
        found = cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", found)
        yield


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """An empty home folder that the app looks at."""
    home = Home(tmp_path / "home")
    monkeypatch.setenv(APP_VARIABLE, encode_app_settings(home))
    return home
