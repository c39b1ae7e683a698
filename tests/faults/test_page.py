"""docs/reliability.md says what the last run has counted, and nothing else."""

import json
import re
from pathlib import Path

from publications.filesystem.failpoints import SCORING_FAILPOINTS, TRAINING_FAILPOINTS
from tests.faults.counts import Row, Tally, read_counts, replace_rows, write_counts
from tests.faults.page import BEGIN, COUNTS, END, PAGE, block, refresh
from tests.faults.parts import OF_BOTH, PARTS, scoring_points

CIRCUMSTANCES = {
    "commit": "0123456789abcdef",
    "changed": False,
    "date": "2026-11-20T03:00:00Z",
    "minutes": 31.5,
    "machine": {"system": "Linux 6", "cores": 2, "memory_gib": 24, "python": "3.11.7"},
}


def test_the_page_shows_the_counts_of_the_last_run() -> None:
    text = PAGE.read_text(encoding="utf-8")
    shown = text.split(BEGIN)[1].split(END)[0]
    assert shown == block(*read_counts(COUNTS)), "run `python -m tests.faults.page`"


def test_the_counts_add_up_and_every_one_of_them_held() -> None:
    rows, told = read_counts(COUNTS)
    assert told["times"] == sum(row.times for row in rows)
    assert told["held"] == sum(row.held for row in rows)
    assert [row for row in rows if not row.kept] == []
    assert re.fullmatch("[0-9a-f]{40}", told["commit"])


def test_every_promise_of_the_page_is_counted() -> None:
    promised = set(re.findall(r"^\| (R\d+) \|", PAGE.read_text().split("## The last run")[0], re.M))
    counted = {name for row in read_counts(COUNTS)[0] for name in re.findall(r"R\d+", row.promise)}
    assert promised <= counted
    assert {part.promise for part in PARTS.values()} - {"all", "schedule"} <= promised


def test_rows_that_were_tried_again_replace_the_old_ones_and_the_page_says_so(
    tmp_path: Path,
) -> None:
    counts = tmp_path / "counts.json"
    old = [Row("R1", "kills", "the command", 9, 7, 1), Row("R3", "at once", "the command", 5, 5, 1)]
    write_counts(counts, old, CIRCUMSTANCES)
    again = CIRCUMSTANCES | {"commit": "fedcba9876543210", "date": "2026-11-21T03:00:00Z"}
    replace_rows(counts, [Row("R1", "kills", "the command", 9, 9, 1)], again)
    rows, told = read_counts(counts)
    assert [(row.tried, row.held) for row in rows] == [("kills", 9), ("at once", 5)]
    assert (told["held"], told["commit"]) == (14, CIRCUMSTANCES["commit"])
    assert "\n- on 2026-11-21, at commit fedcba987654: kills\n" in block(rows, told)
    replace_rows(counts, [Row("R1", "kills", "the command", 9, 9, 1)], CIRCUMSTANCES)
    (entry,) = read_counts(counts)[1]["later"]
    assert entry["commit"] == CIRCUMSTANCES["commit"], "only the last time that it was tried counts"


def test_what_was_not_tried_before_stands_with_its_promise(tmp_path: Path) -> None:
    counts = tmp_path / "counts.json"
    old = [Row("R1", "kills", "the command", 9, 9, 1), Row("R3", "at once", "the command", 5, 5, 1)]
    write_counts(counts, old, CIRCUMSTANCES)
    new = [Row("R1", "floods", "the command", 1, 1, 1), Row("R4", "fires", "the command", 2, 2, 1)]
    replace_rows(counts, new, CIRCUMSTANCES)
    rows, told = read_counts(counts)
    assert [row.tried for row in rows] == ["kills", "floods", "at once", "fires"]
    assert told["times"] == 17


def test_a_new_run_replaces_the_block_and_leaves_the_rest(tmp_path: Path) -> None:
    page, counts = tmp_path / "page.md", tmp_path / "counts.json"
    page.write_text(f"before\n{BEGIN}old\n{END}after\n")
    rows = [Row("R1", "a scoring killed", "the command", 12, 12, 1.5, "before 8, after 4")]
    write_counts(counts, rows, CIRCUMSTANCES)
    refresh(page, counts)
    text = page.read_text()
    assert text.startswith(f"before\n{BEGIN}")
    assert text.endswith(f"{END}after\n")
    assert "| R1 | a scoring killed | the command | 12 | 12 | before 8, after 4 |" in text
    told = "12 of 12 held, 0 of them reads of R4, in 31.5 minutes on 2026-11-20, at commit 01234567"
    assert told in text
    assert json.loads(counts.read_text())["times"] == 12


def test_a_trial_that_fails_is_counted_and_told() -> None:
    tally = Tally("R1", "three trials", "the command")
    for number in range(3):
        with tally.trial(f"trial {number}"):
            assert number != 1, "another list"
    row = tally.row()
    assert (row.times, row.held, row.kept) == (3, 2, False)
    assert len(row.broken) == 1
    assert row.broken[0].startswith("trial 1: AssertionError: another list")


def test_what_was_never_tried_is_not_kept() -> None:
    assert not Tally("R1", "no trial", "the command").row().kept


def test_every_named_instant_is_killed_at_night_and_no_other() -> None:
    tried = {name.partition("/")[0] for name in (*scoring_points(), *OF_BOTH)}
    assert tried == {*SCORING_FAILPOINTS, *TRAINING_FAILPOINTS}
