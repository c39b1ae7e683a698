"""The one-pass kernel: for every snapshot, what its lead's activities amount to.

A lead's activities are walked once, in time, with its snapshots in between. Each activity counts
under three *keys*: its type, its direction, and "all". Tails follow behind the head, one per
window, and take activities out of it again. State changes at activities only, never at a
snapshot, so a row does not depend on which other rows are asked for.

This file imports numba; import it where it is used. ``inline="always"`` makes one function of the
small ones before they are compiled, which halves the compile time.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

INBOUND, OUTBOUND = 0, 1  # as in crm.contract.DIRECTIONS
N_DIRECTIONS = 3
WEEK, MONTH, PACE = 1, 2, 4  # positions in families.WINDOW_DAYS, and the pace window behind them
DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000
N_DAYS, N_REPS, N_REPS_30D, INBOUND_SINCE, OUTBOUND_SINCE = range(5)

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Values = npt.NDArray[np.float32]


class Timeline(NamedTuple):
    """The activities, sorted by (lead, time); instants in microseconds. All arrays read-only."""

    time: Ints
    type: npt.NDArray[np.int32]
    """Key of the type: 0 other, 1 the vocabulary's first, ..."""
    direction: npt.NDArray[np.int8]
    rep: npt.NDArray[np.int32]
    """-1: none."""
    start: Ints
    """Lead i owns activities ``[start[i], start[i + 1])``."""
    created: Ints
    """Of each lead."""


class State(NamedTuple):
    """What is known at the head."""

    within: Ints
    """Activities inside each window: a row per key, a column per window."""
    ever: Ints
    first: Ints
    """Position of the key's first activity, meaningless while ``ever`` is 0."""
    last: Ints
    decayed: Floats
    """As of the key's last activity; a column per half-life."""
    tail: Ints
    """Position of the first activity inside each window."""
    days_behind: Ints
    """Distinct days with activities before the tail."""
    rep_ever: Ints
    rep_recent: Ints
    """Activities of each rep inside the 30 days."""
    tally: Ints
    """DAYS_SEEN ... OUTBOUND_SINCE."""


_inline: Callable[[Any], Any] = numba.njit(inline="always")
_compile: Callable[[Any], Any] = numba.njit(nogil=True)
"""Compiled on first use in each process: numba's cache on disk would be a pickle."""


@_inline
def _create_state(n_keys: int, n_tails: int, n_half_lives: int, n_reps: int) -> State:
    return State(
        np.zeros((n_keys, n_tails - 1), np.int64),
        np.zeros(n_keys, np.int64),
        np.zeros(n_keys, np.int64),
        np.zeros(n_keys, np.int64),
        np.zeros((n_keys, n_half_lives), np.float64),
        np.zeros(n_tails, np.int64),
        np.zeros(n_tails, np.int64),
        np.zeros(n_reps, np.int64),
        np.zeros(n_reps, np.int64),
        np.zeros(5, np.int64),
    )


@_inline
def _clear_state(state: State, timeline: Timeline, begin: int, head: int) -> None:
    for i in range(begin, head):
        if timeline.rep[i] >= 0:
            state.rep_ever[timeline.rep[i]] = 0
            state.rep_recent[timeline.rep[i]] = 0
    for key in range(state.ever.size):
        state.ever[key] = 0
        for w in range(state.within.shape[1]):
            state.within[key, w] = 0
    for w in range(state.days_behind.size):
        state.days_behind[w] = 0
    for n in range(state.tally.size):
        state.tally[n] = 0


@_inline
def _find_keys(state: State, timeline: Timeline, i: int) -> tuple[np.int64, ...]:
    all_activities = np.int64(state.ever.size - 1)
    first_direction = all_activities - N_DIRECTIONS
    return (
        np.int64(timeline.type[i]),
        np.int64(first_direction + timeline.direction[i]),
        all_activities,
    )


@_inline
def _is_first_of_day(timeline: Timeline, begin: int, i: int) -> bool:
    return i == begin or timeline.time[i] // DAY_US != timeline.time[i - 1] // DAY_US


@_inline
def _add_activity(state: State, timeline: Timeline, half_lives: Floats, begin: int, i: int) -> None:
    """Activity i becomes known."""
    for key in _find_keys(state, timeline, i):
        for w in range(state.within.shape[1]):
            state.within[key, w] += 1
        known = state.ever[key] > 0
        since = timeline.time[i] - timeline.time[state.last[key]] if known else 0
        for h in range(half_lives.size):
            fallen = state.decayed[key, h] * np.exp2(-since / half_lives[h]) if known else 0.0
            state.decayed[key, h] = 1.0 + fallen
        if not known:
            state.first[key] = i
        state.ever[key] += 1
        state.last[key] = i
    state.tally[N_DAYS] += _is_first_of_day(timeline, begin, i)
    if timeline.direction[i] == INBOUND:
        state.tally[INBOUND_SINCE] += 1
        state.tally[OUTBOUND_SINCE] = 0
    elif timeline.direction[i] == OUTBOUND:
        state.tally[OUTBOUND_SINCE] += 1
        state.tally[INBOUND_SINCE] = 0
    rep = timeline.rep[i]
    if rep >= 0:
        state.tally[N_REPS] += state.rep_ever[rep] == 0
        state.tally[N_REPS_30D] += state.rep_recent[rep] == 0
        state.rep_ever[rep] = 1
        state.rep_recent[rep] += 1


@_inline
def _remove_activity(state: State, timeline: Timeline, begin: int, w: int, i: int) -> None:
    """Activity i falls out of window w."""
    if w < state.within.shape[1]:
        for key in _find_keys(state, timeline, i):
            state.within[key, w] -= 1
    state.days_behind[w] += _is_first_of_day(timeline, begin, i)
    if w == MONTH and timeline.rep[i] >= 0:
        state.rep_recent[timeline.rep[i]] -= 1
        state.tally[N_REPS_30D] -= state.rep_recent[timeline.rep[i]] == 0


@_inline
def _write_keys(
    out: Values, state: State, timeline: Timeline, half_lives: Floats, as_of: int
) -> int:
    """families.PER_SUBJECT for each key; returns the columns written."""
    n_windows = state.within.shape[1]
    column = 0
    for key in range(state.ever.size):
        for w in range(n_windows):
            out[column + w] = state.within[key, w]
        column += n_windows
        known = state.ever[key] > 0
        age = as_of - timeline.time[state.last[key]] if known else 0
        out[column] = state.ever[key]
        out[column + 1] = age / DAY_US if known else np.nan
        out[column + 2] = (as_of - timeline.time[state.first[key]]) / DAY_US if known else np.nan
        column += 3
        for h in range(half_lives.size):
            out[column + h] = (
                state.decayed[key, h] * np.exp2(-age / half_lives[h]) if known else 0.0
            )
        column += half_lives.size
    return column


@_inline
def _write_last(
    out: Values, state: State, timeline: Timeline, begin: int, head: int, as_of: int
) -> None:
    """families.JOURNEY up to days_between_last_two."""
    for back in range(3):
        i = head - 1 - back
        out[back] = timeline.type[i] + 1 if i >= begin else 0
        if back > 0:
            out[5 + back] = (as_of - timeline.time[i]) / DAY_US if i >= begin else np.nan
    out[3] = timeline.direction[head - 1] + 2 if head > begin else 0
    n_types = state.ever.size - N_DIRECTIONS - 1
    for d in (INBOUND, OUTBOUND):
        known = state.ever[n_types + d] > 0
        out[4 + d] = timeline.type[state.last[n_types + d]] + 1 if known else 0
    two = head - begin > 1
    out[8] = (timeline.time[head - 1] - timeline.time[head - 2]) / DAY_US if two else np.nan


@_inline
def _write_rest(
    out: Values, state: State, timeline: Timeline, begin: int, head: int, as_of: int, created: int
) -> None:
    """families.JOURNEY from active_days_7d on."""
    for w in range(WEEK, PACE):
        # Where the tail stands within a day, that day is behind it and in the window too.
        tail = state.tail[w]
        both = tail < head and not _is_first_of_day(timeline, begin, tail)
        out[w - WEEK] = state.tally[N_DAYS] - state.days_behind[w] + both
    week = head - state.tail[WEEK]
    before = state.tail[WEEK] - state.tail[PACE]
    out[3] = week / (before * 7 / 30) if before > 0 else np.nan
    out[4] = state.tally[N_REPS]
    out[5] = state.tally[N_REPS_30D]
    outbound = state.ever.size - N_DIRECTIONS - 1 + OUTBOUND
    known = state.ever[outbound] > 0
    first = timeline.time[state.first[outbound]] if known else 0
    out[6] = (first - created) / HOUR_US if known else np.nan
    out[7] = np.nan if known else (as_of - created) / HOUR_US
    out[8] = state.tally[INBOUND_SINCE]
    out[9] = state.tally[OUTBOUND_SINCE]


@_compile
def write_windows(
    timeline: Timeline,
    lead: Ints,
    as_of: Ints,
    row: Ints,
    windows: Ints,
    half_lives: Floats,
    n_types: int,
    n_reps: int,
    out: Values,
) -> None:
    """Write the activity columns of the snapshots into the first columns of ``out``.

    Parameters
    ----------
    lead, as_of, row : snapshots sorted by (lead, as_of), and the row of ``out`` of each
    windows : the window lengths and behind them 7 days + the pace window, in microseconds
    half_lives : in microseconds
    n_types : keys of types, "other" (key 0) included
    out : (n_rows, n_columns); columns behind the activities' are left alone
    """
    state = _create_state(n_types + N_DIRECTIONS + 1, windows.size, half_lives.size, n_reps)
    begin = head = 0
    for r in range(lead.size):
        if r == 0 or lead[r] != lead[r - 1]:
            _clear_state(state, timeline, begin, head)
            begin = head = timeline.start[lead[r]]
            for w in range(windows.size):
                state.tail[w] = begin
        while head < timeline.start[lead[r] + 1] and timeline.time[head] < as_of[r]:
            _add_activity(state, timeline, half_lives, begin, head)
            head += 1
        for w in range(windows.size):
            while state.tail[w] < head and timeline.time[state.tail[w]] < as_of[r] - windows[w]:
                _remove_activity(state, timeline, begin, w, state.tail[w])
                state.tail[w] += 1
        values = out[row[r]]
        column = _write_keys(values, state, timeline, half_lives, as_of[r])
        _write_last(values[column:], state, timeline, begin, head, as_of[r])
        created = timeline.created[lead[r]]
        _write_rest(values[column + 9 :], state, timeline, begin, head, as_of[r], created)
