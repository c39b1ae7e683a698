"""The whole app in a real, headless Chromium, as a rep and a head of sales would use it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright import sync_api

from publications.report.report import render_report
from publications.storage.home import Home
from publications.tables.safe_csv import encode_csv
from tests.dashboard.app_process import (
    App,
    build_start,
    free_port,
    record_error,
    serve_app,
    wait_until_healthy,
    wait_until_run,
)
from tests.dashboard.made_up_publications import (
    AS_OF,
    encode_app_settings,
    owned_worklist,
    publish_made_up,
)
from tests.publications.conftest import made_up_facts

expect, Page = sync_api.expect, sync_api.Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
COMMAND = [sys.executable, "-c", "from pipelines.cli.main import main; main()"]
PATIENCE = 90_000
"""Milliseconds that a busy machine may take."""
DESK = sync_api.ViewportSize(width=1400, height=1000)
PHONE = sync_api.ViewportSize(width=390, height=844)
FIRST_ROW, ROW = 38 + 20, 40
"""Pixels from the table's top to the middle of its first row, and from row to row."""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None and os.environ.get("CI") != "true",
        reason="there is no Chromium here; `apt-get install chromium` brings one",
    ),
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    home = Home(tmp_path_factory.mktemp("browser") / "home")
    publish_made_up(home, as_of=AS_OF - timedelta(days=1))
    publish_made_up(home)
    start, log = build_start(home), home.folder / "app.log"
    with serve_app(start, log):
        yield App(home, start.url)
    said = log.read_text()
    assert "Traceback" not in said, said


@pytest.fixture(scope="module")
def chromium() -> Iterator["sync_api.Browser"]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def contexts(chromium: "sync_api.Browser") -> Callable[..., "sync_api.BrowserContext"]:
    """One for each look: its windows share what the browser has loaded and compiled."""

    @cache
    def find(*, dark: bool, phone: bool) -> "sync_api.BrowserContext":
        return chromium.new_context(
            viewport=PHONE if phone else DESK,
            color_scheme="dark" if dark else "light",
            accept_downloads=True,
        )

    return find


@pytest.fixture
def open_window(
    served: App, contexts: Callable[..., "sync_api.BrowserContext"]
) -> Iterator[Callable[..., "Page"]]:
    """Open the app in a fresh window; whatever goes wrong in it fails the test."""
    pages = []

    def open_at(address: str = "", *, dark: bool = False, phone: bool = False) -> "Page":
        page = contexts(dark=dark, phone=phone).new_page()
        pages.append(page)
        page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        page.on("pageerror", lambda error: served.errors.append(str(error)))
        page.on("console", lambda message: record_error(message, served))
        page.on("request", lambda request: served.requests.append(request.url))
        page.goto(f"{served.url}/{address}")
        wait_until_run(page)
        return page

    served.errors.clear()
    served.requests.clear()
    yield open_at
    for page in pages:
        page.close()
    assert served.errors == []
    outside = [u for u in served.requests if not u.startswith((served.url, "data:", "blob:"))]
    assert outside == []


def find_table(page: "Page") -> "sync_api.Locator":
    return page.locator("[data-testid=stDataFrame]").first


def click_row(page: "Page", place: int) -> None:
    """Click the lead's id in one row of the worklist, counted from 0, until its story opens.

    The grid is a canvas, which does not say from when on it listens.
    """
    table, story = find_table(page), page.get_by_role("dialog")
    table.wait_for()
    place_in_table = sync_api.Position(x=260, y=FIRST_ROW + ROW * place)
    for patience in (5_000, 20_000, PATIENCE):
        with suppress(sync_api.TimeoutError):  # a story that came late covers the table
            table.click(position=place_in_table, timeout=5_000)
        with suppress(sync_api.TimeoutError):
            story.wait_for(timeout=patience)
            return


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_page_opens_without_an_error_and_without_the_internet(
    dark: bool, open_window: Callable[..., "Page"], served: App
) -> None:
    page = open_window(dark=dark)
    for name in ("Gains", "Tiers", "Model", "Data", "Worklist"):
        page.get_by_role("link", name=name, exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
        wait_until_run(page)
        expect(page.locator("[data-testid=stException]")).to_have_count(0)
        expect(page.locator("[data-testid=stAlertContentError]")).to_have_count(0)
        text = page.inner_text("body")
        assert "Traceback" not in text
        assert str(served.home.folder) not in text
        assert "List of 14 March 2012" in text


def test_filters_leave_the_leads_that_fit_and_survive_a_reload(
    open_window: Callable[..., "Page"],
) -> None:
    page = open_window()
    expect(page.get_by_text("30 leads", exact=True)).to_be_visible()
    page.get_by_role("button", name="B", exact=True).click()
    expect(page.get_by_text("10 of 30 leads")).to_be_visible()
    page.get_by_placeholder("Part of the id").fill("17001")
    page.keyboard.press("Enter")
    page.wait_for_url("**search=17001**")
    assert "tier=B" in page.url
    page.reload()
    wait_until_run(page)
    expect(page.get_by_text("10 of 30 leads")).to_be_visible()
    expect(page.get_by_placeholder("Part of the id")).to_have_value("17001")
    page.get_by_role("button", name="Clear filters").click()
    expect(page.get_by_text("30 leads", exact=True)).to_be_visible()
    assert "tier" not in page.url


def test_a_click_on_a_lead_opens_its_story_again_and_again(
    open_window: Callable[..., "Page"],
) -> None:
    page = open_window()
    drawer = page.get_by_role("dialog")
    for _ in range(2):
        click_row(page, 2)
        expect(drawer).to_contain_text("Lead 170002")
        expect(drawer).to_contain_text("Why this rank")
        expect(drawer.locator("canvas, svg.marks").first).to_be_visible()
        assert "lead=170002" in page.url
        page.keyboard.press("Escape")
        expect(drawer).to_have_count(0)
        page.wait_for_url(lambda url: "lead=" not in url)


def test_the_story_leads_on_to_the_next_lead_and_survives_a_reload(
    open_window: Callable[..., "Page"],
) -> None:
    page = open_window("?lead=170002")
    drawer = page.get_by_role("dialog")
    expect(drawer).to_contain_text("Lead 170002")
    drawer.get_by_role("button", name="Next lead").click()
    expect(drawer).to_contain_text("Lead 170003")
    page.reload()
    wait_until_run(page)
    expect(drawer).to_contain_text("Lead 170003")


def test_the_slider_reads_off_what_so_many_calls_reach(open_window: Callable[..., "Page"]) -> None:
    page = open_window()
    page.get_by_role("link", name="Gains", exact=True).click()
    expect(page.get_by_text("Working 60 leads of each list (30 %)")).to_be_visible()
    slider = page.get_by_role("slider")
    slider.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    expect(page.get_by_text("Working 70 leads of each list (35 %)")).to_be_visible()
    page.wait_for_url("**calls=70**")


def download_file(page: "Page", button: str) -> bytes:
    wait_until_run(page)
    with page.expect_download() as coming:
        page.get_by_role("button", name=button).click()
    return Path(coming.value.path()).read_bytes()


def test_the_downloads_are_what_was_published(
    open_window: Callable[..., "Page"], served: App
) -> None:
    page = open_window()
    publication = served.publication
    assert download_file(page, "Download CSV") == publication.read("worklist.csv")
    page.get_by_role("button", name="C", exact=True).click()
    expect(page.get_by_text("10 of 30 leads")).to_be_visible()
    listed = publication.table("worklist.parquet")
    assert download_file(page, "Download CSV") == encode_csv(listed[listed["tier"] == "C"])
    page.get_by_role("link", name="Gains", exact=True).click()
    assert download_file(page, "Curves, CSV") == publication.read("gains.csv")
    assert download_file(page, "Table, CSV") == publication.read("gain_table.csv")
    assert download_file(page, "Chart, PNG").startswith(b"\x89PNG")
    assert download_file(page, "Chart, SVG").startswith(b"<svg")


def test_there_is_no_second_csv_button_that_does_not_escape(
    open_window: Callable[..., "Page"],
) -> None:
    page = open_window()
    find_table(page).hover()
    toolbar = page.locator("[data-testid=stElementToolbar]").first
    expect(toolbar).to_be_visible()
    names = [b.get_attribute("aria-label") or "" for b in toolbar.get_by_role("button").all()]
    assert names
    assert not [name for name in names if "csv" in name.lower() or "download" in name.lower()]


def test_a_newer_list_shows_on_the_next_interaction(
    open_window: Callable[..., "Page"], served: App
) -> None:
    page = open_window()
    expect(page.get_by_text("30 leads", exact=True)).to_be_visible()
    publish_made_up(served.home, worklist=owned_worklist().head(12), stories=False)
    try:
        page.get_by_role("button", name="A", exact=True).click()
        expect(page.get_by_text("10 of 12 leads")).to_be_visible()
    finally:
        publish_made_up(served.home)


def test_a_damaged_file_is_told_calmly_and_a_new_list_mends_it(
    open_window: Callable[..., "Page"], served: App
) -> None:
    publication = publish_made_up(served.home, worklist=owned_worklist().head(9), stories=False)
    path = publication.folder / "worklist.parquet"
    path.write_bytes(path.read_bytes()[:-1])
    try:
        page = open_window()
        expect(page.get_by_text("has changed since")).to_be_visible()
        assert str(served.home.folder) not in page.content()
    finally:
        publish_made_up(served.home)
    page.reload()
    expect(page.get_by_text("30 leads", exact=True)).to_be_visible()


def test_a_page_further_down_survives_a_reload(open_window: Callable[..., "Page"]) -> None:
    page = open_window("gains?calls=70")
    expect(page.get_by_text("Working 70 leads of each list (35 %)")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Working 70 leads of each list (35 %)")).to_be_visible()


def test_no_answer_may_be_framed_or_tell_other_sites_its_address(served: App) -> None:
    for address in ("/", "/gains", "/_stcore/health", "/nothing"):
        with urlopen(f"{served.url}{address}", timeout=60) as answer:  # noqa: S310
            assert answer.headers.get_all("X-Frame-Options") == ["DENY"]
            assert answer.headers.get_all("Referrer-Policy") == ["no-referrer"]
            assert answer.headers.get_all("X-Content-Type-Options") == ["nosniff"]


def find_listening_addresses(port: int) -> set[str]:
    """Addresses on which this machine listens at a port, from the kernel's table."""
    found = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        local, state = line.split()[1], line.split()[3]
        address, at = local.split(":")
        if state == "0A" and int(at, 16) == port:
            found.add(socket.inet_ntoa(bytes.fromhex(address)[::-1]))
    return found


def test_it_listens_on_this_machine_only(served: App) -> None:
    assert find_listening_addresses(int(served.url.rsplit(":", 1)[1])) == {"127.0.0.1"}


@pytest.mark.parametrize(
    ("host", "origin", "answer"),
    [
        ("127.0.0.1", "http://127.0.0.1", b"101"),
        ("evil.example", "http://evil.example", b"400"),
        ("127.0.0.1", "http://evil.example", b"403"),
    ],
)
def test_pages_of_other_origins_cannot_speak_to_it(
    host: str, origin: str, answer: bytes, served: App
) -> None:
    port = int(served.url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(
            f"GET /_stcore/stream HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: {origin}:{port}\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        assert connection.recv(64).split()[1] == answer


def test_what_fails_outside_a_page_is_told_calmly_too(
    chromium: "sync_api.Browser", tmp_path: Path
) -> None:
    """A sign-in that is not configured fails in the button's call, where no page is drawn."""
    home = Home(tmp_path / "home")
    publish_made_up(home)
    roles = {"managers": ["ann@example.com"]}
    start = replace(build_start(home), app_json=encode_app_settings(home, roles=roles))
    with serve_app(start, tmp_path / "app.log"):
        page = chromium.new_page()
        page.goto(start.url)
        expect(page.get_by_role("heading", level=1)).to_have_text("Please sign in")
        assert "170000" not in page.content()
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_text("Something went wrong on this page")).to_be_visible()
        page.close()
    said = (tmp_path / "app.log").read_text()
    assert "in login" in said
    assert "Traceback" not in said
    assert "uthlib" not in said.replace("StreamlitMissingAuthlibError", "")


def test_the_command_serves_until_it_is_told_to_end(tmp_path: Path) -> None:
    port = free_port()
    process = subprocess.Popen(
        [*COMMAND, "dashboard", f"--port={port}"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        wait_until_healthy(f"http://127.0.0.1:{port}", process)
    finally:
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=120)
    assert f"is at http://127.0.0.1:{port}. Ctrl-C ends it." in said.decode()
    assert b"Traceback" not in said


CHARTS = """() => [...document.querySelectorAll('[data-testid=stVegaLiteChart]')]
  .filter(chart => chart.clientWidth)
  .map(chart => {
    const place = chart.closest('.stElementContainer');
    return [chart.clientWidth, getComputedStyle(place).overflowX, place.clientWidth];
  })"""


@pytest.mark.parametrize("address", ["?lead=170001", "gains", "tiers", "model"])
def test_on_a_phone_charts_keep_their_width_and_are_moved_sideways(
    address: str, open_window: Callable[..., "Page"]
) -> None:
    page = open_window(address, phone=True)
    page.locator("[data-testid=stVegaLiteChart] svg").first.wait_for()
    wait_until_run(page)
    page.wait_for_function("document.documentElement.scrollWidth <= 390")
    charts = page.evaluate(CHARTS)
    assert charts
    for width, overflow, room in charts:
        assert width >= 500
        assert overflow == "auto"
        assert room <= 390


def test_on_a_phone_every_fact_of_a_story_begins_where_it_can_be_read(
    open_window: Callable[..., "Page"],
) -> None:
    page = open_window("?lead=170001", phone=True)
    chart = page.locator("[role=dialog] [data-testid=stVegaLiteChart]").first
    chart.locator("svg").wait_for()
    wait_until_run(page)
    for words in ("Typical lead", "No call yet", "This lead"):
        place = chart.get_by_text(words, exact=True).bounding_box()
        assert place is not None
        assert 0 <= place["x"] < place["x"] + min(place["width"], 200) <= 390


def test_on_a_phone_the_reasons_of_the_report_have_room(
    chromium: "sync_api.Browser", tmp_path: Path
) -> None:
    report = tmp_path / "report.html"
    report.write_text(render_report(made_up_facts()))
    page = chromium.new_page(viewport=PHONE)
    page.goto(f"file://{report}")
    why = page.locator("th.why").bounding_box()
    assert why is not None
    assert why["width"] >= 250
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()
