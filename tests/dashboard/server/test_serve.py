"""The options under which the app is served, and names that shadow nothing."""

import subprocess
import sys
from importlib.machinery import PathFinder
from pathlib import Path

import pytest
from streamlit import config

from dashboard.server.serve import APP, FIXED_OPTIONS, build_options

DASHBOARD = APP.parent

PROMISED = {
    "browser.gatherUsageStats": False,
    "client.showErrorDetails": "none",
    "client.disableDataExport": True,
    "client.toolbarMode": "viewer",
}


@pytest.mark.parametrize("name", [*PROMISED, *FIXED_OPTIONS])
def test_what_is_held_cannot_be_loosened(name: str) -> None:
    asked = f"--{name}=something else"
    found = [o for o in build_options([asked, "--server.port=1"]) if o.startswith(f"--{name}=")]
    assert found == [f"--{name}={FIXED_OPTIONS[name]}"]


def test_what_is_held_keeps_the_promise() -> None:
    for name, value in PROMISED.items():
        assert FIXED_OPTIONS[name] == str(value).lower()


def test_every_option_is_one_that_streamlit_knows() -> None:
    known = config.get_config_options()
    for option in build_options([]):
        assert option.removeprefix("--").partition("=")[0] in known


def test_no_module_here_shadows_another() -> None:
    """Streamlit puts the app's folder first on the path."""
    elsewhere = [p for p in sys.path if p and Path(p).resolve() != DASHBOARD]
    names = {p.stem for p in DASHBOARD.iterdir() if not p.name.startswith("__")} - {"app"}
    for name in names:
        assert name not in sys.stdlib_module_names
        assert PathFinder.find_spec(name, elsewhere) is None, name


def test_the_app_is_a_navigation_and_nothing_else() -> None:
    code = [
        line for line in APP.read_text().splitlines() if line and not line.startswith(('"', " "))
    ]
    assert code == ["import streamlit as st", "st.navigation(", ").run()"]


def test_looking_at_a_list_loads_nothing_that_makes_one() -> None:
    code = (
        "import sys; from streamlit.testing.v1 import AppTest;"
        "import dashboard.server.serve, dashboard.components.page_frame;"
        "import dashboard.components.lead_drawer, pipelines;"
        f"AppTest.from_file({str(APP)!r}, default_timeout=240).run();"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout.split()
    makers = {"mlflow", "prefect", "great_expectations", "lightgbm", "crm", "features"}
    assert makers & set(loaded) == set()
