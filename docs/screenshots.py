"""Take pictures of the dashboard's pages, light and dark, into docs/images.

``uv run python docs/screenshots.py leadgain-home`` after ``uv run leadgain demo``. For a lead's
way through several lists, score earlier days first: ``leadgain score --as-of 2012-03-10`` and so
on, the last day last. The app is shown two hours after its list was drawn up.
"""

import io
import json
import subprocess
import sys
import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from urllib.request import urlopen

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from pipelines.cli.dashboard import DashboardStart, build_dashboard_start
from pipelines.config.sections import DashboardSection
from publications.storage.home import Home
from publications.storage.store import Publication, open_current

IMAGES = Path(__file__).parent / "images"
PAGES = {
    "worklist": ("", 800),
    "lead": ("?lead={lead}", 1000),
    "gains": ("gains", 1000),
    "tiers": ("tiers", 1080),
    "model": ("model", 1000),
    "data": ("data", 1000),
}
"""Name of a picture -> the page's address and the height of the window."""
WIDTH, SCALE, COLOURS = 1280, 1.5, 128
MOST_BYTES = 200_000
PORT = 8598
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]


def two_hours_later(start: DashboardStart, publication: Publication) -> DashboardStart:
    """The same start with a clock that stands two hours after the list."""
    handed_over = json.loads(start.app_json)
    now = datetime.fromisoformat(publication.manifest["as_of"]) + timedelta(hours=2)
    return replace(start, app_json=json.dumps({**handed_over, "now": now.isoformat()}))


def picture(browser: Browser, address: str, height: int, theme: str) -> bytes:
    """One page, once it has been drawn, in few colours."""
    context = browser.new_context(
        viewport={"width": WIDTH, "height": height},
        device_scale_factor=SCALE,
        color_scheme=theme,  # type: ignore[arg-type]
    )
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("h1")
    page.wait_for_function(
        "document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'"
    )
    page.wait_for_timeout(3000)  # charts and tables draw themselves
    shot = Image.open(io.BytesIO(page.screenshot()))
    context.close()
    small = io.BytesIO()
    few = shot.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(small, "PNG", optimize=True)
    return small.getvalue()


def main(home: Path) -> None:
    """Serve the home folder and take all pictures."""
    publication = open_current(Home(home.resolve()))
    if publication is None:
        raise SystemExit(f"Nothing was published in {home}. Run `leadgain demo` first.")
    start = build_dashboard_start(
        Home(home.resolve()), DashboardSection(), folder=home, port=PORT, public=False
    )
    start = two_hours_later(start, publication)
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, *start.arguments], env=start.environment()
    )
    lead = publication.table("worklist.parquet")["lead_id"].iloc[1]
    try:
        _wait_for(start.url)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
            for name, (path, height) in PAGES.items():
                for theme in ("light", "dark"):
                    address = f"{start.url}/{path.format(lead=lead)}"
                    content = picture(browser, address, height, theme)
                    if len(content) > MOST_BYTES:
                        raise SystemExit(f"{name} in {theme} is {len(content):,} bytes large.")
                    (IMAGES / f"dashboard-{name}-{theme}.png").write_bytes(content)
    finally:
        process.terminate()
        process.wait()


def _wait_for(url: str) -> None:
    while True:
        try:
            urlopen(f"{url}/_stcore/health", timeout=1).close()  # noqa: S310
        except OSError:
            time.sleep(0.2)
        else:
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]))
