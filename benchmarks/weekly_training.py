"""What a year of weekly trainings does to a CRM in which nothing foretells who converts.

Run from the repository: ``.venv/bin/python benchmarks/weekly_training.py [CRMs] [first seed]``;
with
a third argument every year goes into that CSV file as well, as into benchmarks/weekly_training.csv,
from which decision 0903 takes its table. CRMs of 150 open leads are made up and trained on every
week of a year, by a small linear scorer; the backtest, the proof, the duel and the rule for
stepping down are leadgain's own. Told is how many have a leading model, with and without the rule:
where nothing can be foretold (noise), where little can be, and where much can be. A second table is
about models that are never trained anew: how many of those that were proven at the first training
step down within half a year.
"""

import csv
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from models.errors import NotEnoughData
from models.evaluation.backtest import backtest_folds, refuse_too_little_data, split_rolling_origin
from models.evaluation.verdicts import compare_with_champion, prove
from models.monitoring.decay import has_enough_outcomes, prove_again

FIRST_LIST = pd.Timestamp("2024-01-06", tz="UTC")
WEEK = pd.Timedelta(days=7)
HORIZON_WEEKS = 2
WEEKS_BEFORE, WEEKS = 20, 52
"""The CRM's age at the first training, and how many more follow."""
HALF_YEAR_WEEKS = 26
LEADS_PER_WEEK = 50
STAY_PROBABILITY = 0.7
"""A lead that does not convert stays open for another week with this probability."""
CONVERSION_PROBABILITY = 0.05
"""Chance of a lead to convert in a week, where nothing speaks for or against it."""
TRAITS = 8
DEPTH, SAMPLES, MIN_CONVERSIONS = 0.30, 100, 120
EFFECTS = {"noise": 0.0, "weak": 0.35, "good": 0.7}
"""How much the traits of a lead together move its log odds."""
CSV_COLUMNS = ("kind", "seed", "stepping_down", "ever", "falls", "weeks_led", "leads")
COLUMNS = ["as_of", "list_date", "lead_id", "score", "most_fresh", "converted"]


class Ridge:
    """A linear scorer, fitted in no time."""

    def fit(self, X: pd.DataFrame, converted: ArrayLike, _: Sequence[str] = ()) -> Self:
        """Learn the weights of the traits."""
        values, y = X.to_numpy(), np.asarray(converted, dtype=np.float64)
        penalty = 30.0 * np.eye(values.shape[1])
        self.weights_ = np.linalg.solve(values.T @ values + penalty, values.T @ (y - y.mean()))
        return self

    def raw_score(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Score leads."""
        return np.asarray(X.to_numpy() @ self.weights_)


@dataclass(frozen=True)
class World:
    """All lists of a CRM, and the traits of the leads on them."""

    rows: pd.DataFrame
    traits: pd.DataFrame


@dataclass(frozen=True)
class TrainedModel:
    """A champion: the rows of its proof, and its weights."""

    tested: pd.DataFrame
    scorer: Ridge
    trained: int
    """In which week."""


@dataclass
class Year:
    """What became of one CRM."""

    ever: bool = False
    falls: int = 0
    weeks_led: int = 0
    leads: bool = False


def simulate_world(effect: float, seed: int) -> World:
    """Leads come, stay for some weeks and convert, depending on their traits or on nothing."""
    rng = np.random.default_rng(seed)
    weeks = WEEKS_BEFORE + WEEKS + HORIZON_WEEKS
    n_leads = LEADS_PER_WEEK * weeks
    arrived = np.repeat(np.arange(weeks), LEADS_PER_WEEK)
    traits = rng.normal(size=(n_leads, TRAITS)).astype("float32")
    weights = rng.normal(size=TRAITS)
    odds = CONVERSION_PROBABILITY * np.exp(effect * traits @ weights / np.linalg.norm(weights))
    wins = rng.geometric(np.clip(odds, 1e-6, 0.9))  # in which week of its life
    leaves = rng.geometric(1 - STAY_PROBABILITY, n_leads)
    lives = np.minimum(wins, leaves)
    lead = np.repeat(np.arange(n_leads), lives)
    age = np.arange(len(lead)) - np.repeat(np.cumsum(lives) - lives, lives)
    week = arrived[lead] + age
    left = wins[lead] - age
    converted = (wins <= leaves)[lead] & (left <= HORIZON_WEEKS)
    at = FIRST_LIST + WEEK * week
    rows = pd.DataFrame(
        {
            "lead": lead,
            "lead_id": pd.Series(lead).map("L{:05d}".format),
            "as_of": at,
            "list_date": at,
            "week": week,
            "converted": converted.astype(np.int8),
            "most_fresh": rng.normal(size=len(lead)),
        }
    )
    return World(rows, pd.DataFrame(traits, columns=[f"trait_{n}" for n in range(TRAITS)]))


def simulate_year(effect: float, seed: int) -> tuple[Year, Year]:
    """Train every week; without, and with, judging the champion's proof again as lists mature."""
    world, years = simulate_world(effect, seed), (Year(), Year())
    champion: list[TrainedModel | None] = [None, None]
    for week in range(WEEKS_BEFORE, WEEKS_BEFORE + WEEKS):
        challenger = _train_proven(world, week)
        for steps_down, year in enumerate(years):
            leads = _choose_champion(world, week, champion[steps_down], challenger)
            if steps_down and leads is not None and _is_disproven(world, week, leads):
                leads, year.falls = challenger, year.falls + 1
            champion[steps_down] = leads
            year.ever |= leads is not None
            year.weeks_led += leads is not None
            year.leads = leads is not None
    return years


def find_demotion_week(effect: float, seed: int) -> int | None:
    """The week in which a model that is never trained anew steps down; 0: never, None: unproven."""
    world = simulate_world(effect, seed)
    champion = _train_proven(world, WEEKS_BEFORE)
    if champion is None:
        return None
    weeks = range(1, HALF_YEAR_WEEKS + 1)
    return next((n for n in weeks if _is_disproven(world, WEEKS_BEFORE + n, champion)), 0)


def _train_proven(world: World, week: int) -> TrainedModel | None:
    """The challenger of a week, if it may lead at all."""
    challenger = _train_challenger(world, week)
    if challenger is None or not prove(challenger.tested, depth=DEPTH, samples=SAMPLES).passed:
        return None
    return challenger


def _choose_champion(
    world: World, week: int, champion: TrainedModel | None, challenger: TrainedModel | None
) -> TrainedModel | None:
    if champion is None or challenger is None:
        return challenger or champion
    before = pd.concat([champion.tested, _score_new_lists(world, week, champion)])
    verdict = compare_with_champion(challenger.tested, before, depth=DEPTH, samples=SAMPLES).verdict
    return champion if verdict == "worse" else challenger


def _train_challenger(world: World, week: int) -> TrainedModel | None:
    rows = _select_matured(world, week)
    try:
        refuse_too_little_data(rows, min_conversions=MIN_CONVERSIONS)
    except NotEnoughData:
        return None

    def build_matrices(
        _: pd.Timestamp, train: NDArray[np.int64], test: NDArray[np.int64]
    ) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
        X_train, X_test = (world.traits.iloc[rows["lead"].iloc[part]] for part in (train, test))
        return X_train, X_test, []

    folds = split_rolling_origin(rows, horizon=HORIZON_WEEKS * WEEK, share=0.25, max_fits=8)
    tested = backtest_folds(
        rows,
        rows["converted"],
        rows["most_fresh"],
        folds=folds,
        build_matrices=build_matrices,
        make_scorer=Ridge,
    )
    scorer = Ridge().fit(world.traits.iloc[rows["lead"]], rows["converted"])
    return TrainedModel(tested[COLUMNS], scorer, week)


def _select_matured(world: World, week: int) -> pd.DataFrame:
    rows = world.rows[world.rows["week"] <= week - HORIZON_WEEKS]
    return rows.sort_values(["lead", "as_of"]).reset_index(drop=True)


def _score_new_lists(world: World, week: int, champion: TrainedModel) -> pd.DataFrame:
    """The lists that have matured since the champion's training, scored by it."""
    rows = _select_matured(world, week)
    rows = rows[rows["week"] > champion.trained - HORIZON_WEEKS]
    score = champion.scorer.raw_score(world.traits.iloc[rows["lead"]])
    return rows.assign(score=score)[COLUMNS]


def _is_disproven(world: World, week: int, champion: TrainedModel) -> bool:
    since = _score_new_lists(world, week, champion)
    if not has_enough_outcomes(champion.tested, since):
        return False
    again = prove_again(champion.tested, since, depth=DEPTH, samples=SAMPLES)
    return again is not None and not again.passed


def simulate_years(kind: str, seeds: Iterable[int]) -> Iterator[dict[str, Any]]:
    """A row for each CRM without, and one with, stepping down."""
    for seed in seeds:
        for steps_down, year in zip(("no", "yes"), simulate_year(EFFECTS[kind], seed), strict=True):
            found = {name: int(value) for name, value in asdict(year).items()}
            yield {"kind": kind, "seed": seed, "stepping_down": steps_down, **found}


def format_table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """One line for each kind of CRM, without and with stepping down."""
    columns = "stepping down | ever led | lead after a year | weeks led | falls a year"
    lines = [f"| CRMs | how many | {columns} |", "|---|---|---|---|---|---|---|"]
    by = ("kind", "stepping_down")
    ordered = sorted(rows, key=lambda row: ([*EFFECTS].index(row["kind"]), row["stepping_down"]))
    for (kind, steps_down), of_kind in groupby(ordered, lambda row: tuple(row[n] for n in by)):
        found = [*of_kind]
        ever, leads, weeks, falls = (
            float(np.mean([int(row[name]) for row in found]))
            for name in ("ever", "leads", "weeks_led", "falls")
        )
        lines.append(
            f"| {kind} | {len(found)} | {steps_down} | {ever:.0%} | {leads:.0%} "
            f"| {weeks / WEEKS:.0%} | {falls:.2f} |"
        )
    return lines


def main() -> None:
    """Print one row for each kind of CRM, without and with stepping down."""
    crms, first_seed = (int(text) for text in (*sys.argv[1:3], "100", "1")[:2])
    seeds = range(first_seed, first_seed + crms)
    with ExitStack() as opened:
        kept = None
        if len(sys.argv) > 3:
            file = opened.enter_context(Path(sys.argv[3]).open("w", newline=""))
            kept = csv.DictWriter(file, CSV_COLUMNS, lineterminator="\n")
            kept.writeheader()
        rows = []
        for kind in EFFECTS:
            for row in simulate_years(kind, seeds):
                rows.append(row)
                if kept is not None:
                    kept.writerow(row)
    print("\n".join(format_table(rows)))
    print("\n| CRMs | proven at the first training | stepped down within half a year |")
    print("|---|---|---|")
    for kind, effect in EFFECTS.items():
        after = [find_demotion_week(effect, seed) for seed in seeds]
        proven = [weeks for weeks in after if weeks is not None]
        dropped = sum(weeks > 0 for weeks in proven)
        print(f"| {kind} | {len(proven)} of {crms} | {dropped} of {len(proven)} |", flush=True)


if __name__ == "__main__":
    main()
