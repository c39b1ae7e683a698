"""What runs until it is stopped: the dashboard and the schedule."""

from typing import Annotated

import typer

from pipelines.cli.options import CONFIG, HOME, ConfigOption, HomeOption
from pipelines.cli.session import alert_failed_starts, find_optional_config, open_session


def dashboard(
    config: ConfigOption = CONFIG,
    home: HomeOption = HOME,
    port: Annotated[
        int, typer.Option(min=1, max=65_535, help="Port on which the browser finds it.")
    ] = 8501,
    public: Annotated[
        bool, typer.Option("--public", help="Answer the whole network; requires a sign-in.")
    ] = False,
) -> None:
    """Show the list and its evidence in the browser.

    On this machine only, unless --public is given.
    """
    from pipelines.cli.dashboard import build_dashboard_start
    from pipelines.cli.output import build_console
    from pipelines.config.run_request import resolve_home
    from pipelines.config.sections import DashboardSection
    from pipelines.config.settings import load_settings

    file = find_optional_config(config)
    section = DashboardSection() if file is None else load_settings(file).dashboard
    start = build_dashboard_start(
        resolve_home(home), section, folder=config.resolve().parent, port=port, public=public
    )
    build_console().print(
        f"The dashboard of {home} is at {start.url}. Ctrl-C ends it.", soft_wrap=True
    )
    start.serve()


def serve(
    config: ConfigOption = CONFIG,
    home: HomeOption = HOME,
    test_alerts: Annotated[
        bool, typer.Option("--test-alerts", help="Only send a test to [alerts].")
    ] = False,
) -> None:
    """Score every night and train weekly, by [schedule].

    It runs until Ctrl-C.
    """
    from pipelines.cli.output import build_console
    from pipelines.config.run_request import resolve_home
    from pipelines.config.settings import load_settings
    from pipelines.scheduling.serve import send_test_alert, serve_schedule

    if test_alerts:
        sent = send_test_alert(load_settings(config).alerts, resolve_home(home))
        build_console().print(sent, soft_wrap=True)
        return
    with alert_failed_starts("serve", config, home):
        settings = load_settings(config)
        with open_session(home) as console:
            serve_schedule(settings, resolve_home(home), console)
