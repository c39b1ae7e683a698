"""Starts the app: ``python -P -m dashboard.server.serve --server.port=8501``.

Whatever Streamlit options are given, the ones in ``FIXED_OPTIONS`` stay as they are here.
"""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from threading import Thread

from publications.charts.theme import PALETTES, Palette, Theme

APP = Path(__file__).parents[1] / "app.py"
ASGI_APP = Path(__file__).parent / "asgi_app.py"

FIXED_OPTIONS = {
    "browser.gatherUsageStats": "false",
    "client.disableDataExport": "true",  # its CSV does not escape formulas
    "client.showErrorDetails": "none",
    "client.showErrorLinks": "false",
    "client.toolbarMode": "viewer",
    "global.developmentMode": "false",
    "global.disableWidgetStateDuplicationWarning": "true",  # a new filter sets the page to 1
    "logger.enableRich": "false",
    "logger.hideWelcomeMessage": "true",
    "runner.magicEnabled": "false",
    "server.enableAgentApi": "false",
    "server.enableCORS": "true",
    "server.enableStaticServing": "false",
    "server.enableXsrfProtection": "true",
    "server.fileWatcherType": "none",
    "server.maxUploadSize": "1",
    "server.showEmailPrompt": "false",
    "server.trustedUserHeaders": "{}",  # whoever could send a header would be anybody
}
"""Safe and silent, whatever config.toml or the environment say."""

INPUT_BACKGROUNDS: dict[Theme, str] = {"light": "#f5f7f9", "dark": "#0e1217"}
"""Behind inputs and table heads."""

THEME_OPTIONS = {
    "theme.baseRadius": "0.5rem",
    "theme.headingFontSizes": '["1.9rem","1.5rem","1.25rem","1.15rem"]',
    "theme.headingFontWeights": "[650,600,600,600]",
    "theme.metricValueFontSize": "1.9rem",
    "theme.metricValueFontWeight": "600",
    "theme.paddingTop": "1rem",
}


def build_options(given: list[str]) -> list[str]:
    """All options for Streamlit's command: the given ones, the look, and what is held.

    >>> "--client.showErrorDetails=none" in build_options(["--client.showErrorDetails=full"])
    True
    """
    held = {**THEME_OPTIONS, **dict(_list_theme_colours()), **FIXED_OPTIONS}
    free = [option for option in given if option.lstrip("-").partition("=")[0] not in held]
    return [*free, *(f"--{name}={value}" for name, value in held.items())]


def _list_theme_colours() -> Iterator[tuple[str, str]]:
    """The palette of the charts as Streamlit's two themes."""
    for theme, palette in PALETTES.items():
        for name, colour in _map_palette(palette, theme).items():
            yield f"theme.{theme}.{name}", colour


def _map_palette(palette: Palette, theme: Theme) -> dict[str, str]:
    return {
        "primaryColor": palette.model,
        "backgroundColor": palette.paper,
        "secondaryBackgroundColor": INPUT_BACKGROUNDS[theme],
        "textColor": palette.ink,
        "linkColor": palette.model,
        "borderColor": palette.grid,
        "dataframeBorderColor": palette.grid,
    }


def warm_up() -> None:
    """Read today's list before somebody asks for it; whatever fails is told on the page."""
    from dashboard.access.app_settings import AppSettings, NotStartedByLeadgain
    from dashboard.components import publication_cache
    from publications.storage.store import PublicationDamaged, open_current

    with suppress(NotStartedByLeadgain, PublicationDamaged):
        publication = open_current(AppSettings.of(os.environ).home)
        if publication is not None:
            publication_cache.load_worklist(publication)


def main() -> None:
    """Serve the app until the process is told to end."""
    logging.basicConfig(format="%(asctime)s %(name)s %(levelname)s: %(message)s")
    # It quotes errors in full, leads and all; dashboard.components.page_frame logs them without.
    logging.getLogger("streamlit.error_util").addFilter(lambda record: not record.exc_info)
    from streamlit import net_util
    from streamlit.web import cli

    # It would ask a server on the internet for the machine's address, to be generous to pages
    # of other origins. Nobody is asked, and those pages are refused.
    net_util.get_external_ip = lambda: None
    for name in ("altair", "pandas", "pyarrow.parquet", "dashboard.components.page_frame"):
        import_module(name)  # so that the first page need not wait for them
    Thread(target=warm_up, daemon=True).start()
    sys.argv = ["streamlit", "run", str(ASGI_APP), *build_options(sys.argv[1:])]
    cli.main(prog_name="streamlit")


if __name__ == "__main__":
    main()
