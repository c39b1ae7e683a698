"""A home folder for every test, and the settings that the command would hand over."""

from pathlib import Path

import pytest

from publications.storage.home import APP_VARIABLE, Home
from tests.dashboard.made_up_publications import encode_app_settings


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """An empty home folder that the app looks at."""
    home = Home(tmp_path / "home")
    monkeypatch.setenv(APP_VARIABLE, encode_app_settings(home))
    return home
