"""How often a model is called degraded in a world that stays the same, and in one that changed.

Run from the repository: ``.venv/bin/python benchmarks/monitoring.py [CRMs] [leads]``. Simulated
CRMs
are looked at once a week for a year, by leadgain's own training and watch, without a registry and
without trainings by age. Printed is how often the model was called degraded and why; then, with a
fresh model, how many weeks passed until it was, after page views got another name, the site was not
tracked any more, or conversions fell to anybody.
"""

import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd

from crm.export import Export
from crm.reading.export_reader import read_export
from crm.simulator import simulate as simulation
from models.evaluation.verdicts import prove
from models.registry.types import RegisteredVersion
from pipelines.config.run_request import RunRequest
from pipelines.data.checked_export import CheckedExport
from pipelines.flows import train
from pipelines.lifecycle.champion import LoadedVersion
from pipelines.lifecycle.run_context import RunContext
from pipelines.monitoring.monitor import MonitoringResult, monitor_model
from pipelines.runtime.prefect_tasks import pickle_free_flow

LISTS = 62
"""Twenty-eight months: lists to learn from before the year, the year, and the change after it."""
WEEKS, WEEKS_AFTER = 52, 16
AGE_REASON = "days old"


@dataclass(frozen=True)
class Crm:
    """A simulated CRM and the settings that came with it."""

    export: Export
    request: RunRequest

    def build_context(self, as_of: pd.Timestamp) -> RunContext:
        """As a run at that instant finds it: what comes later is not known to it."""
        checks = SimpleNamespace(warnings=[])
        return RunContext(self.request, checked=CheckedExport(self.export, checks, as_of))


def simulate_crm(folder: Path, leads: int, seed: int) -> Crm:
    """Simulate a CRM and read its export."""
    simulation.N_LISTS = LISTS
    simulation.simulate(folder, leads=leads, seed=seed)
    os.environ |= {
        "LEADGAIN_BACKTEST__MAX_FITS": "3",
        "LEADGAIN_BACKTEST__BOOTSTRAP_SAMPLES": "200",
    }
    request = RunRequest.of(folder / "leadgain.toml", folder / "home")
    return Crm(read_export(request.settings.mapping, now=request.now), request)


def train_champion(crm: Crm, as_of: pd.Timestamp) -> LoadedVersion:
    """Train a model, as the flow does it."""
    context = crm.build_context(as_of)
    history = train.build_history(context)
    tested = train.run_backtest(history, context)
    scorer, vocabulary = train.fit_model(history, tested, context)
    verdict = train.judge_proof(tested, context)
    facts = train._build_metadata(history, tested, vocabulary, verdict, context)
    proof = train.build_evidence(history, tested, scorer, vocabulary, context)
    version = RegisteredVersion(1, "", "", ("champion",), {}, {}, {}, {}, "", {})
    return LoadedVersion(version, scorer, facts, proof)


def monitor_champion(crm: Crm, champion: LoadedVersion, as_of: pd.Timestamp) -> MonitoringResult:
    """Look at the model as a run at that instant does; today's own scores play no part in it."""
    return monitor_model(champion, np.array([0.5]), crm.build_context(as_of))


def simulate_year(crm: Crm, start: pd.Timestamp) -> tuple[Counter[str], LoadedVersion]:
    """Alarms of a year of weekly looks; a degraded model is trained anew."""
    alarms: Counter[str] = Counter()
    champion = train_champion(crm, start)
    for week in range(1, WEEKS + 1):
        as_of = start + week * pd.Timedelta(days=7)
        watch = monitor_champion(crm, champion, as_of)
        alarms["proof judged again and failed"] += (
            watch.rejudged is not None and not watch.rejudged.passed
        )
        if watch.degraded:
            alarms.update(AGE_REASON if AGE_REASON in r.short else r.short for r in watch.reasons)
            champion = train_champion(crm, as_of)
    return alarms, champion


def count_weeks_until_degraded(
    crm: Crm, champion: LoadedVersion, start: pd.Timestamp
) -> tuple[int | None, str]:
    """Weekly looks after a change until an alarm that is not about age, and which it was."""
    for week in range(1, WEEKS_AFTER + 1):
        watch = monitor_champion(crm, champion, start + week * pd.Timedelta(days=7))
        shorts = [r.short for r in watch.reasons if AGE_REASON not in r.short]
        if watch.rejudged is not None and not watch.rejudged.passed:
            shorts.append("its proof does not hold any more")
        if shorts:
            return week, " and ".join(shorts)
    return None, "never"


def rename_page_views(crm: Crm, since: pd.Timestamp) -> Crm:
    """From an instant on every page view is recorded under another name."""
    activities = crm.export.activities.copy()
    late = (activities["occurred_at"] >= since) & (activities["type"] == "page_view")
    types = activities["type"].astype("str").where(~late, "screen_view")
    return replace(
        crm, export=replace(crm.export, activities=activities.assign(type=types.astype("category")))
    )


def drop_site_activities(crm: Crm, since: pd.Timestamp) -> Crm:
    """From an instant on nothing is recorded any more of what leads do on the site."""
    activities = crm.export.activities
    late = activities["occurred_at"] >= since
    kept = activities[~(late & activities["type"].isin(["page_view", "form_submit", "chat"]))]
    return replace(crm, export=replace(crm.export, activities=kept.reset_index(drop=True)))


def reassign_conversions(crm: Crm, since: pd.Timestamp) -> Crm:
    """From an instant on every conversion falls to any lead that is open, and its own closes."""
    rng = np.random.default_rng(1)
    leads = crm.export.leads.copy()
    end = leads["converted_at"].fillna(leads["closed_at"]).fillna(leads["created_at"].max())
    for winner in np.flatnonzero(leads["converted_at"] >= since):
        at = leads["converted_at"].iloc[winner]
        lucky = rng.choice(np.flatnonzero((leads["created_at"] < at) & (end >= at)))
        if lucky == winner:
            continue
        leads.loc[leads.index[winner], ["converted_at", "closed_at"]] = [pd.NaT, at]
        leads.loc[leads.index[lucky], ["converted_at", "closed_at"]] = [at, pd.NaT]
        end.iloc[lucky] = at
    return replace(crm, export=replace(crm.export, leads=leads))


CHANGES: dict[str, Callable[[Crm, pd.Timestamp], Crm]] = {
    "page views renamed": rename_page_views,
    "the site not tracked any more": drop_site_activities,
    "conversions fall to anybody": reassign_conversions,
}


@pickle_free_flow(name="benchmark")
def main() -> None:
    """Print alarms a year, and the weeks that each change took to be noticed."""
    crms, n_leads = (int(text) for text in (*sys.argv[1:], "4", "40000")[:2])
    for seed in range(1, crms + 1):
        with tempfile.TemporaryDirectory() as folder:
            crm = simulate_crm(Path(folder) / "crm", n_leads, seed)
        last = crm.export.last_instant
        change = last - pd.Timedelta(weeks=WEEKS_AFTER)
        alarms, champion = simulate_year(crm, change - pd.Timedelta(weeks=WEEKS))
        gain = prove(champion.proof.backtest, depth=0.3, samples=200).sentence
        print(f"CRM {seed}, stationary year: {dict(alarms)}. {gain}", flush=True)
        fresh = train_champion(crm, change)
        for name, changed in CHANGES.items():
            weeks, why = count_weeks_until_degraded(changed(crm, change), fresh, change)
            print(f"CRM {seed}, {name}: after {weeks} weeks: {why}", flush=True)


if __name__ == "__main__":
    main()
