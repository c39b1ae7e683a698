"""The app as a process of its own, and what a browser says about it."""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.request import urlopen

from playwright.sync_api import ConsoleMessage, Page

from pipelines.cli.dashboard import DashboardStart, build_dashboard_start
from pipelines.config.sections import DashboardSection
from publications.storage.home import Home
from publications.storage.store import Publication, open_current
from tests.dashboard.made_up_publications import encode_app_settings

PROBE = re.compile(r"/(gains|tiers|model|data)/_stcore/(health|host-config)$")


@dataclass
class App:
    """A served app and what a browser's console and network said meanwhile."""

    home: Home
    url: str
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    @property
    def publication(self) -> Publication:
        found = open_current(self.home)
        assert found is not None
        return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def build_start(home: Home) -> DashboardStart:
    """As the command starts it, but at a quarter past five on the list's day."""
    start = build_dashboard_start(
        home, DashboardSection(), folder=home.folder, port=free_port(), public=False
    )
    return replace(start, app_json=encode_app_settings(home))


def wait_until_healthy(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        assert process.poll() is None, "the app has ended"
        try:
            with urlopen(f"{url}/_stcore/health", timeout=5) as answer:  # noqa: S310
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("the app does not answer")


@contextmanager
def serve_app(start: DashboardStart, log: Path) -> Iterator[None]:
    """The app as a process of its own, until the block ends."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, *start.arguments],
            env=start.environment(),
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until_healthy(start.url, process)
            yield
        finally:
            process.terminate()
            process.wait(timeout=120)


def record_error(message: ConsoleMessage, served: App) -> None:
    """Keep an error that the console shows.

    Opened at a page's own address, Streamlit first looks for its server below that address and
    then at the root; the browser notes the first look, which is no error.
    """
    looked_below = PROBE.search(message.location.get("url", ""))
    if message.type == "error" and not looked_below:
        served.errors.append(message.text)


def wait_until_run(page: Page) -> None:
    """Wait until the app has run."""
    page.wait_for_selector("h1")
    page.wait_for_function(
        "document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"
    )
