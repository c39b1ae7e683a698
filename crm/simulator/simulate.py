"""A seeded CRM whose true conversion probabilities are known, written as an export.

``docs/simulation.md`` describes the simulated world for users.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm.errors import ConfigurationError
from crm.list_dates import build_list_dates
from crm.simulator.activities import (
    DAY,
    NEVER,
    WEEK,
    Activities,
    Instants,
    Rows,
    Traits,
    build_arrivals,
    draw_outreach,
    draw_traits,
    draw_visits,
    update_moods,
)
from crm.simulator.files import EXPORT_FILES, REP_NAMES, open_export_writer
from crm.simulator.ground_truth import LIST_DAYS, History, compute_true_probability
from crm.simulator.profiles import Numbers, build_lead_ids, compute_profile_fit, draw_profiles

DEFAULT_LEADS = 67_000
DEFAULT_END = pd.Timestamp("2026-06-24", tz="UTC")
"""Eleven days after a list date, so the latest list has not matured."""
N_LISTS = 36
"""The simulated time spans so many lists, about sixteen months."""
CLOSING_PROBABILITY, SILENT_CLOSING_PROBABILITY, SILENT_DAYS = 0.21, 0.30, 20.0
"""An open lead is closed with probability 0.21, and with 0.30 more when long silent."""


@dataclass(frozen=True)
class SimulationSummary:
    """What was written: how much, and where."""

    folder: Path
    leads: int
    activities: int
    conversions: int
    """Before the export's end, so that it shows them."""
    files: tuple[Path, ...]


@dataclass(frozen=True)
class Population:
    """All simulated leads, arrays of shape (leads,); time fills in history and outcomes."""

    lead_id: NDArray[np.str_]
    profiles: pd.DataFrame
    fit: Numbers
    traits: Traits
    history: History
    converted: Instants
    closed: Instants

    def open_at(self, list_date: int) -> Rows:
        """The leads that were created, and neither converted nor closed, before the instant."""
        lives_on = np.minimum(self.converted, self.closed) == NEVER
        return np.flatnonzero(lives_on & (self.traits.created < list_date)).astype(np.int32)


@dataclass(frozen=True)
class Window:
    """What happened from one list date until the next, or until the export's end."""

    list_date: int
    leads: Rows
    """Open at the list date."""
    probability: Numbers
    """Of these leads: to convert within ``LIST_DAYS`` of the list date."""
    activities: Activities


def simulate(
    folder: Path,
    *,
    leads: int = DEFAULT_LEADS,
    seed: int = 1,
    end: pd.Timestamp = DEFAULT_END,
    progress: Callable[[int, int], None] | None = None,
) -> SimulationSummary:
    """Write a simulated export and, apart in ``truth/``, its true probabilities.

    Parameters
    ----------
    folder : made if missing; an earlier simulation in it is replaced
    leads : how many come in over the sixteen months before ``end``, at least 1
    seed : at least 0; the same leads, seed and end give the same bytes
    end : aware; nothing at or after this instant is written
    progress : called with (steps done, steps in all)

    Raises
    ------
    ConfigurationError
        The folder holds something else, or an argument makes no sense.
    """
    _check_arguments(leads, seed, end)
    end_second = int(end.timestamp())
    first = end - pd.Timedelta(days=N_LISTS * LIST_DAYS)
    dates = build_list_dates(first, end - pd.Timedelta(seconds=1), LIST_DAYS)
    bounds = [*(int(date.timestamp()) for date in dates), end_second]
    rng = np.random.default_rng(seed)
    population = draw_population(rng, leads, seed, bounds[0], end_second)
    activities = 0
    with open_export_writer(folder) as writer:
        for done, window in enumerate(simulate_windows(rng, population, bounds), start=1):
            activities += len(window.activities)
            writer.add_activities(population.lead_id, window.activities)
            writer.add_truth(population.lead_id[window.leads], window.list_date, window.probability)
            if progress is not None:
                progress(done, len(bounds))
        writer.write_leads(_build_lead_table(population, end_second))
    if progress is not None:
        progress(len(bounds), len(bounds))
    return SimulationSummary(
        folder=folder,
        leads=leads,
        activities=activities,
        conversions=int((population.converted < end_second).sum()),
        files=tuple(folder / name for name in EXPORT_FILES),
    )


def draw_population(
    rng: np.random.Generator, leads: int, seed: int, begin: int, end: int
) -> Population:
    """Leads that come in evenly over ``[begin, end)``, with nothing known of them yet.

    They stand in the order of their ids, which tells nothing of the rest.
    """
    profiles = draw_profiles(rng, leads)
    traits = draw_traits(rng, profiles, begin, end)
    return Population(
        lead_id=build_lead_ids(leads, seed),
        profiles=profiles,
        fit=compute_profile_fit(profiles),
        traits=traits,
        history=History.of(traits.created),
        converted=np.full(leads, NEVER),
        closed=np.full(leads, NEVER),
    )


def simulate_windows(
    rng: np.random.Generator, population: Population, bounds: list[int]
) -> Iterator[Window]:
    """One window after another, between each two of the ascending bounds.

    ``population`` is kept up to date: by the time that a window is given out, the outcomes drawn
    in it are set, and its history holds the window's activities.
    """
    for begin, until in pairwise(bounds):
        leads = population.open_at(begin)
        probability = _compute_probability(population, leads, begin)
        _draw_outcomes(rng, population, leads, probability, begin)
        activities = _draw_activities(rng, population, leads, begin, until)
        population.history.learn(activities, begin, until)
        yield Window(begin, leads, probability, activities)


def _check_arguments(leads: int, seed: int, end: pd.Timestamp) -> None:
    if leads < 1:
        raise ConfigurationError(f"A simulated CRM needs at least 1 lead, got {leads}.")
    if seed < 0:
        raise ConfigurationError(f"The seed must not be negative, got {seed}.")
    if end.tzinfo is None:
        raise ConfigurationError(f"The end needs a time zone, got {end}; write {end}Z for UTC.")


def _compute_probability(population: Population, leads: Rows, at: int) -> Numbers:
    history = population.history
    return compute_true_probability(
        population.fit[leads],
        history.engagement[leads],
        history.days_since_inbound(leads, at),
        history.hours_waited(leads, at),
    )


def _draw_outcomes(
    rng: np.random.Generator,
    population: Population,
    leads: Rows,
    probability: Numbers,
    list_date: int,
) -> None:
    """Draw who converts, then who of the others is closed, each somewhere within the window.

    Conversion comes first, so its probability is exactly the true one.
    """
    silence = population.history.days_since_inbound(leads, list_date) / SILENT_DAYS
    closing = CLOSING_PROBABILITY + SILENT_CLOSING_PROBABILITY * (1 - np.exp(-silence))
    converts = rng.random(len(leads)) < probability
    closes = ~converts & (rng.random(len(leads)) < closing)
    at = list_date + rng.integers(1, LIST_DAYS * DAY, len(leads))
    population.converted[leads[converts]] = at[converts]
    population.closed[leads[closes]] = at[closes]


def _draw_activities(
    rng: np.random.Generator, population: Population, leads: Rows, begin: int, until: int
) -> Activities:
    """What the open leads and the new ones do in ``[begin, until)``, up to their outcome."""
    traits = population.traits
    new = np.flatnonzero((traits.created >= begin) & (traits.created < until)).astype(np.int32)
    present = np.concatenate([leads, new])
    outcome = np.minimum(population.converted[present], population.closed[present])
    parts = [build_arrivals(traits, new)]
    for week in range(begin, until, WEEK):
        stop = np.minimum(outcome, min(week + WEEK, until))
        going = (stop > week) & (traits.created[present] < stop)
        parts.append(draw_visits(rng, traits, present[going], week, stop[going]))
        parts.append(draw_outreach(rng, traits, present[going], week, stop[going]))
        update_moods(rng, traits, present)
    return Activities.together(parts)


def _build_lead_table(population: Population, end: int) -> pd.DataFrame:
    """The leads as the export shows them: outcomes at or after its end are not known yet."""
    instants = {
        "created_at": population.traits.created,
        "converted_at": population.converted,
        "closed_at": population.closed,
    }
    shown = {
        name: pd.to_datetime(pd.Series(at).where(at < end), unit="s", utc=True)
        for name, at in instants.items()
    }
    owner_id = pd.Categorical.from_codes(population.traits.rep, pd.Index(REP_NAMES.tolist()))
    table = pd.DataFrame({"lead_id": population.lead_id, **shown, "owner_id": owner_id})
    return pd.concat([table, population.profiles], axis=1)
