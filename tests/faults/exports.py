"""R8 and R11: an export of a strange size or of other leads, and one that holds too little."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tests.faults.bench import SECOND, Bench, Lane, content, in_force
from tests.faults.counts import FORKED, Row, Tally
from tests.faults.holes import Holes
from tests.pipelines.small_crm import small_crm, write_export

REFUSED = 3
LEADS = 900
SIZES = {0.3: REFUSED, 0.45: REFUSED, 0.6: 0, 1.8: 0, 2.3: REFUSED}
"""Share of the usual rows -> exit code."""
Tables = tuple[pd.DataFrame, pd.DataFrame]


def strange_sizes(
    bench: Bench, sizes: tuple[float, ...] = tuple(SIZES), holes: Holes | None = None
) -> Row:
    """Score exports of other sizes than those of the runs before."""
    tally = Tally("R8", "exports of 30 % to 230 % of the usual rows", FORKED)
    lane, before = _usual(bench)
    for share in sizes:
        with tally.trial(f"{share:.0%}"):
            leads, activities = small_crm(n_leads=round(share * LEADS))
            write_export(lane.folder / "crm", leads=leads, activities=activities)
            ended = lane.run("score", SECOND, replaced=holes)
            assert ended.code == SIZES[share], f"exit {ended.code}: {ended.said}"
            if ended.code:
                assert "between 50% and 200% pass" in ended.said, ended.said
                assert content(in_force(lane.home)) == before
                meant = lane.run("score", SECOND, "--any-size", replaced=holes)
                assert meant.code == 0, meant.said
        lane.put_back()
    return tally.row("under 50 % and over 200 % are refused until somebody says --any-size")


def other_leads(bench: Bench, holes: Holes | None = None) -> Row:
    """Score another CRM's export of the usual size, which lies where the usual one lay."""
    tally = Tally("R8", "an export of the usual size, of leads that nobody knows", FORKED)
    lane, before = _usual(bench)
    tables = small_crm(seed=5)
    leads, activities = (table.assign(lead_id="other-" + table["lead_id"]) for table in tables)
    write_export(lane.folder / "crm", leads=leads, activities=activities)
    with tally.trial("other leads"):
        ended = lane.run("score", SECOND, replaced=holes)
        assert ended.code == REFUSED, f"exit {ended.code}: {ended.said}"
        assert "are not in this export, although it comes from the same place" in ended.said
        assert content(in_force(lane.home)) == before
        meant = lane.run("score", SECOND, "--any-size", replaced=holes)
        assert meant.code == 0, meant.said
    return tally.row("refused until somebody says --any-size")


def _usual(bench: Bench) -> tuple[Lane, dict[str, Any]]:
    """A home folder in which a list of the small CRM is in force, and what that list holds."""
    lane = Lane(bench, bench.folder / "usual")
    made = lane.home.folder.exists()
    leads, activities = small_crm()
    lane.config = write_export(lane.folder / "crm", leads=leads, activities=activities)
    if made:
        lane.put_back()
    else:
        ended = lane.run("run", SECOND)
        assert ended.code == 0, ended.said
        lane.keep()
    return lane, content(in_force(lane.home))


@dataclass(frozen=True)
class Little:
    """An export that holds too little, and what is to come of it."""

    tables: Callable[[], Tables]
    code: int
    says: str


def _no_rows() -> Tables:
    leads, activities = small_crm(n_leads=50)
    return leads.head(0), activities.head(0)


def _one_lead() -> Tables:
    leads, activities = small_crm()
    one = leads[leads["converted_at"].eq("") & leads["closed_at"].eq("")].head(1)
    return one, activities[activities["lead_id"].isin(one["lead_id"])]


def _no_conversion() -> Tables:
    leads, activities = small_crm()
    return leads.assign(converted_at=""), activities


def _all_converted() -> Tables:
    """Each within a fortnight, but for those of the last days, whose outcome is not known yet."""
    leads, activities = small_crm()
    created = pd.to_datetime(leads["created_at"])
    won = created + pd.Timedelta(days=6)
    known = won < pd.to_datetime(activities["occurred_at"]).max()
    text = won.dt.strftime("%Y-%m-%dT%H:%M:%S+00:00").where(known, "")
    return leads.assign(converted_at=text, closed_at=""), activities


def _too_few_conversions() -> Tables:
    return small_crm(n_leads=320)


LITTLE = {
    "no rows": Little(_no_rows, REFUSED, "a header and no lead"),
    "one lead": Little(_one_lead, REFUSED, "has converted before"),
    "no conversion": Little(_no_conversion, REFUSED, "has converted before"),
    "all converted": Little(_all_converted, 0, "conver"),
    "under 120 conversions": Little(_too_few_conversions, 0, "at least 120 conversions are needed"),
}


def too_little(
    bench: Bench, cases: tuple[str, ...] = tuple(LITTLE), holes: Holes | None = None
) -> Row:
    """Run on exports from which nothing can be learned."""
    tally = Tally("R11", "too little data to learn from", FORKED)
    for case in cases:
        with tally.trial(case):
            lane, little = bench.lane("little"), LITTLE[case]
            leads, activities = little.tables()
            lane.config = write_export(lane.folder / "crm", leads=leads, activities=activities)
            variables = {"LEADGAIN_TRAINING__MIN_CONVERSIONS": "120"}
            ended = lane.run("run", environment=variables, replaced=holes)
            assert ended.code == little.code, f"exit {ended.code}: {ended.said}"
            if ended.code:
                assert little.says in ended.said, ended.said
                assert not lane.home.current.exists()
                continue
            publication = in_force(lane.home)
            reason = publication.manifest["model"]["missing_because"]
            assert publication.manifest["model"]["version"] is None, "a model was made"
            assert little.says in reason, reason
            worklist = publication.table("worklist.parquet")
            assert len(worklist)
            assert np.isnan(worklist["score"].to_numpy(dtype=float)).all()
            page = publication.read("report.html").decode().replace("\N{NO-BREAK SPACE}", " ")
            assert reason.split(".")[0] in page
    return tally.row("no model; the most-fresh list with its reason, or nothing where none is due")
