"""How often a model is called worn in a world that stays the same, and how soon after it changed.

Run from the repository: ``.venv/bin/python benchmarks/watching.py [CRMs] [leads]``. Simulated CRMs
are looked at once a week for a year, by leadgain's own training and watch, without a registry and
without trainings by age. Printed is how often the model was called worn and why; then, with a
fresh model, how many weeks passed until it was, after page views got another name, the site was not
tracked any more, or conversions fell to anybody.
"""

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
from models.evaluation.gain_tables import gain_table, measure
from models.evaluation.verdicts import prove
from models.registry.types import RegisteredVersion
from pipelines.config.run_context import Job
from pipelines.data.checked_export import CheckedExport
from pipelines.flows import train
from pipelines.lifecycle.champion import Champion
from pipelines.lifecycle.evidence import ProofFrames
from pipelines.lifecycle.model_metadata import Meaning
from pipelines.monitoring.drift import learn_inputs
from pipelines.monitoring.monitor import Watch, watch_over
from pipelines.publishing.model_card import weigh_facts

LISTS = 62
"""Twenty-eight months: lists to learn from before the year, the year, and the change after it."""
WEEKS, WEEKS_AFTER = 52, 16
BY_AGE = "days old"


@dataclass(frozen=True)
class Crm:
    """A simulated CRM and the settings that came with it."""

    export: Export
    job: Job

    def seen_at(self, as_of: pd.Timestamp) -> CheckedExport:
        """As a run at that instant finds it: what comes later is not known to it."""
        return CheckedExport(self.export, checks=SimpleNamespace(warnings=[]), as_of=as_of)


def made(folder: Path, leads: int, seed: int) -> Crm:
    """Simulate a CRM and read its export."""
    simulation.LISTS = LISTS
    simulation.simulate(folder, leads=leads, seed=seed)
    job = Job.of(str(folder / "leadgain.toml"), str(folder / "home"))
    quick = job.settings.backtest.model_copy(update={"max_fits": 3, "bootstrap_samples": 200})
    job = replace(job, settings=job.settings.model_copy(update={"backtest": quick}))
    return Crm(read_export(job.settings.mapping, now=job.now), job)


def trained_at(crm: Crm, as_of: pd.Timestamp) -> Champion:
    """Train a model, as the flow does it."""
    checked, job = crm.seen_at(as_of), crm.job
    history = train.draw_history.fn(checked, job)
    tested = train.run_backtest.fn(history, checked, job)
    scorer, vocabulary = train.fit.fn(history, tested, checked, job)
    verdict = train.judge_proof.fn(tested, job)
    inputs = learn_inputs.fn(history.snapshots, vocabulary, checked, job)
    facts = train._facts(history, tested, vocabulary, verdict, inputs, checked, job)
    weights = weigh_facts.fn(scorer, vocabulary, history.snapshots, checked, job)
    table = gain_table(measure(tested, samples=200, seed=1), [job.settings.tiers.A])
    nothing = pd.DataFrame()
    proof = ProofFrames(tested, nothing, table, nothing, importance=weights)
    version = RegisteredVersion(1, "", "", ("champion",), {}, {}, {}, {})
    return Champion(version, scorer, facts, proof, Meaning.of(job.settings))


def looked_at(crm: Crm, leading: Champion, as_of: pd.Timestamp) -> Watch:
    """Look at the model as a run at that instant does; today's own scores play no part in it."""
    return watch_over.fn(leading, np.array([0.5]), crm.seen_at(as_of), crm.job)


def a_year(crm: Crm, start: pd.Timestamp) -> tuple[Counter[str], Champion]:
    """Alarms of a year of weekly looks; a worn model is trained anew."""
    alarms: Counter[str] = Counter()
    leading = trained_at(crm, start)
    for week in range(1, WEEKS + 1):
        as_of = start + week * pd.Timedelta(days=7)
        watch = looked_at(crm, leading, as_of)
        alarms["proof judged again and failed"] += (
            watch.again is not None and not watch.again.passed
        )
        if watch.worn:
            alarms.update(BY_AGE if BY_AGE in r.short else r.short for r in watch.reasons)
            leading = trained_at(crm, as_of)
    return alarms, leading


def weeks_until_worn(crm: Crm, leading: Champion, start: pd.Timestamp) -> tuple[int | None, str]:
    """Weekly looks after a change until an alarm that is not about age, and which it was."""
    for week in range(1, WEEKS_AFTER + 1):
        watch = looked_at(crm, leading, start + week * pd.Timedelta(days=7))
        shorts = [r.short for r in watch.reasons if BY_AGE not in r.short]
        if watch.again is not None and not watch.again.passed:
            shorts.append("its proof does not hold any more")
        if shorts:
            return week, " and ".join(shorts)
    return None, "never"


def renamed(crm: Crm, since: pd.Timestamp) -> Crm:
    """From an instant on every page view is recorded under another name."""
    activities = crm.export.activities.copy()
    late = (activities["occurred_at"] >= since) & (activities["type"] == "page_view")
    types = activities["type"].astype("str").where(~late, "screen_view")
    return replace(
        crm, export=replace(crm.export, activities=activities.assign(type=types.astype("category")))
    )


def untracked(crm: Crm, since: pd.Timestamp) -> Crm:
    """From an instant on nothing is recorded any more of what leads do on the site."""
    activities = crm.export.activities
    late = activities["occurred_at"] >= since
    kept = activities[~(late & activities["type"].isin(["page_view", "form_submit", "chat"]))]
    return replace(crm, export=replace(crm.export, activities=kept.reset_index(drop=True)))


def fallen_to_anybody(crm: Crm, since: pd.Timestamp) -> Crm:
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
    "page views renamed": renamed,
    "the site not tracked any more": untracked,
    "conversions fall to anybody": fallen_to_anybody,
}


def main() -> None:
    """Print alarms a year, and the weeks that each change took to be noticed."""
    crms, n_leads = (int(text) for text in (*sys.argv[1:], "4", "40000")[:2])
    for seed in range(1, crms + 1):
        with tempfile.TemporaryDirectory() as folder:
            crm = made(Path(folder) / "crm", n_leads, seed)
        last = crm.export.last_instant
        change = last - pd.Timedelta(weeks=WEEKS_AFTER)
        alarms, leading = a_year(crm, change - pd.Timedelta(weeks=WEEKS))
        gain = prove(leading.proof.backtest, depth=0.3, samples=200).sentence
        print(f"CRM {seed}, stationary year: {dict(alarms)}. {gain}", flush=True)
        fresh = trained_at(crm, change)
        for name, changed in CHANGES.items():
            weeks, why = weeks_until_worn(changed(crm, change), fresh, change)
            print(f"CRM {seed}, {name}: after {weeks} weeks: {why}", flush=True)


if __name__ == "__main__":
    main()
