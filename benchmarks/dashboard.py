"""Time the dashboard on a large worklist in a real browser: ``python benchmarks/dashboard.py``.

Publishes a made-up list (400 owners, three categories, 9,000 different reasons), serves it as
``leadgain dashboard`` does, and drives it with a headless Chromium. Every time runs from the
click, or from the address, until the table stands and the app rests; it holds the browser's
share as well. Memory is the serving process's peak (VmHWM). The rows it prints:

- first page, at once: the app has just been started
- first page, list just published: nothing of it has been read yet, and its hash not compared
- first page, again: another window of the same app
- each filter, the next page, a lead's story

``--keep FOLDER`` keeps the home folder, so that a second run need not make the list again.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import numpy as np
import pandas as pd

from pipelines.cli.dashboard import build_dashboard_start
from pipelines.config.sections import DashboardSection
from publications.storage.home import Home
from publications.storage.store import hold_home, open_current, publish, start_run
from publications.tables.read_write import write_table, write_table_parts
from tests.publications.conftest import made_up_provenance, write_publication_files

AS_OF = pd.Timestamp("2026-11-20T05:00", tz="UTC")
CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
PORT = 8599
FACTS_PER_LEAD = 5
"""Rows of reasons.parquet for each lead."""


def draw_worklist(leads: int) -> pd.DataFrame:
    """Rank by falling score; ids in no order; the rest drawn evenly."""
    rng = np.random.default_rng(1)

    def some(names: list[str]) -> pd.Series:
        codes = rng.integers(0, len(names), leads)
        return pd.Series(pd.Categorical.from_codes(codes, names)).astype("str")

    def days_ago(most: float) -> pd.Series:
        ago = pd.Series(pd.to_timedelta(rng.random(leads) * most, unit="D"))
        return (AS_OF - ago).astype("datetime64[us, UTC]")

    reasons = [f"Offer returned {n} times in {d} days" for n in range(100) for d in range(30)]
    share = np.arange(leads) / leads
    return pd.DataFrame(
        {
            "rank": np.arange(1, leads + 1),
            "lead_id": pd.Series(rng.permutation(leads) + 10_000_000).astype("str"),
            "owner_id": some([f"rep {n:03d}" for n in range(400)]),
            "tier": pd.Series(np.where(share < 0.3, "A", np.where(share < 0.7, "B", "C"))),
            "score": np.sort(rng.random(leads))[::-1],
            "reason_1": some(reasons),
            "reason_2": some([f"{text}, the last one today" for text in reasons]),
            "reason_3": some([f"Against: {text.lower()}" for text in reasons]),
            "created_at": days_ago(365),
            "last_activity_at": days_ago(60),
            "source": some(["web", "fair", "partner", "referral", "mail"]),
            "country": some([f"country {n}" for n in range(30)]),
            "newsletter": pd.Series(rng.random(leads) < 0.5),
            "amount": np.round(rng.lognormal(9, 1, leads)),
        }
    ).astype({"tier": "str"})


def draw_reasons(worklist: pd.DataFrame, part: int = 200_000) -> Iterator[pd.DataFrame]:
    """The same five facts for every lead, part by part."""
    facts = [f"Fact number {n}" for n in range(FACTS_PER_LEAD)]
    for begin in range(0, len(worklist), part):
        rows = worklist.iloc[begin : begin + part]
        yield pd.DataFrame(
            {
                "rank": np.repeat(rows["rank"].to_numpy(), FACTS_PER_LEAD),
                "lead_id": pd.Series(
                    np.repeat(rows["lead_id"].to_numpy(), FACTS_PER_LEAD), dtype="str"
                ),
                "position": np.tile(np.arange(1, FACTS_PER_LEAD + 1), len(rows)),
                "fact": pd.Series(np.tile(facts, len(rows)), dtype="str"),
                "contribution": np.tile([1.0, -0.5, 0.3, 0.2, 0.1], len(rows)),
            }
        )


def publish_drawn_list(home: Home, leads: int) -> None:
    """Publish a list of so many leads, with the reasons of each."""
    worklist = draw_worklist(leads)
    with hold_home(home) as held:
        run = start_run(held, "benchmark")
        write_publication_files(run)
        for name in ("worklist.csv", "worklist.parquet"):
            write_table(run, name, worklist)
        write_table_parts(run, "reasons.parquet", draw_reasons(worklist))
        counts = {"rows": [], "leads_listed": leads, "tiers": {}}
        provenance = made_up_provenance(as_of=AS_OF.to_pydatetime(), counts=counts)
        publish(held, run, provenance, AS_OF.to_pydatetime())


def republish(home: Home) -> None:
    """Publish the list in force once more, as a list of its own."""
    publication = open_current(home)
    assert publication is not None
    with hold_home(home) as held:
        run = start_run(held, "again")
        for name in publication.file_names:
            (run / name).hardlink_to(publication.folder / name)
        counts = publication.manifest["counts"]
        provenance = made_up_provenance(as_of=AS_OF.to_pydatetime(), counts=counts)
        publish(held, run, provenance, AS_OF.to_pydatetime())


@contextmanager
def serve_app(home: Home) -> Iterator[tuple[str, int]]:
    """The app on the home folder: its address and its process."""
    start = build_dashboard_start(
        home, DashboardSection(), folder=home.folder, port=PORT, public=False
    )
    process = subprocess.Popen([sys.executable, *start.arguments], env=start.environment())
    try:
        while True:
            try:
                urlopen(f"{start.url}/_stcore/health", timeout=1).close()  # noqa: S310
                break
            except OSError:
                time.sleep(0.02)
        yield start.url, process.pid
    finally:
        process.terminate()
        process.wait()


def read_memory_gb(pid: int, line: str) -> float:
    """A line of /proc/<pid>/status in GB."""
    for found in Path(f"/proc/{pid}/status").read_text().splitlines():
        if found.startswith(line):
            return int(found.split()[1]) / 1e6
    raise LookupError(line)


def wait_until_idle(page: Any) -> None:
    """Wait until the table stands and the app has run."""
    page.wait_for_selector("[data-testid=stDataFrame] canvas")
    page.wait_for_function(
        "document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'"
    )


def time_action(name: str, action: Callable[[], Any], page: Any) -> None:
    """Do something, wait until the app rests, and print how long both took together."""
    begin = time.perf_counter()
    action()
    wait_until_idle(page)
    print(f"{name:<34}{time.perf_counter() - begin:6.2f} s", flush=True)


def drive(url: str, home: Home) -> None:
    """Open, filter, turn the page, open a story, download."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for name in ("at once", "list just published", "again"):
            if name == "list just published":
                republish(home)
            page = browser.new_page(viewport={"width": 1400, "height": 1000})
            page.set_default_timeout(40_000)
            time_action(f"first page, {name}", partial(page.goto, url), page)

        def until(text: str, action: Callable[[], Any]) -> Callable[[], Any]:
            def act() -> None:
                action()
                page.get_by_text(text).first.wait_for()

            return act

        def clear() -> None:
            page.get_by_role("button", name="Clear filters").click()
            page.get_by_text("Clear filters").wait_for(state="detached")
            wait_until_idle(page)

        def search() -> None:
            page.get_by_placeholder("Part of the id").fill("12345")
            page.keyboard.press("Enter")

        def opened(label: str, option: str) -> Any:
            page.get_by_role("combobox", name=label).click()
            return page.get_by_role("option", name=option, exact=True)

        pick = page.get_by_role("button", name="B", exact=True).click
        time_action("filter by tier", until(" of 1", pick), page)
        clear()
        time_action("search in the ids", until(" of 1", search), page)
        clear()
        time_action("filter by owner", until(" of 1", opened("Owner", "rep 007").click), page)
        page.keyboard.press("Escape")
        time_action("and by source", until(" of 1", opened("Source", "fair").click), page)
        page.keyboard.press("Escape")
        clear()
        quiet = opened("Not touched", "30 days")
        time_action("not touched for 30 days", until(" of 1", quiet.click), page)
        clear()
        time_action(
            "next page", lambda: page.get_by_role("button", name="Page 2", exact=True).click(), page
        )
        lead = page.evaluate("new URL(location).origin")
        time_action(
            "a lead's story, by its address", lambda: page.goto(f"{lead}/?lead=10500000"), page
        )
        page.get_by_role("dialog").get_by_text("Lead details").wait_for()


def main() -> None:
    """Publish, serve, drive, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--leads", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path, help="use and keep this home folder")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        home = Home((arguments.keep or Path(scratch) / "home").resolve())
        if open_current(home) is None:
            begin = time.perf_counter()
            publish_drawn_list(home, arguments.leads)
            print(f"published {arguments.leads:,} leads in {time.perf_counter() - begin:.0f} s")
        with serve_app(home) as (url, pid):
            drive(url, home)
            print(f"{'memory, peak':<34}{read_memory_gb(pid, 'VmHWM'):6.2f} GB")
            print(f"{'memory, at rest':<34}{read_memory_gb(pid, 'VmRSS'):6.2f} GB")


if __name__ == "__main__":
    main()
