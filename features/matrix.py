"""The matrix X: one row per snapshot, one column per catalog entry. Training and scoring alike."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from crm.contract import DIRECTIONS
from crm.errors import ConfigurationError
from crm.frame_schema import PROFILE_DTYPES
from features.catalog import build_catalog
from features.families import (
    CALENDAR,
    FIRST_CODE,
    HALF_LIFE_DAYS,
    JOURNEY,
    MISSING_CODE,
    OTHER_CODE,
    PACE_DAYS,
    PER_SUBJECT,
    WINDOW_DAYS,
)
from features.timeline import DAY, HOUR, MISSING, convert_to_microseconds, find_first_positions
from features.vocabulary import ProfileTerm, Vocabulary

if TYPE_CHECKING:
    from features.windows import Timeline

Values = npt.NDArray[np.float32]
Scalar = TypeVar("Scalar", bound=np.generic)


def build_matrix(
    snapshots: pd.DataFrame,
    leads: pd.DataFrame,
    activities: pd.DataFrame,
    vocabulary: Vocabulary,
    *,
    threads: int = 2,
) -> pd.DataFrame:
    """What was known about each lead strictly before its snapshot's ``as_of``.

    Parameters
    ----------
    snapshots : ``lead`` (position in ``leads``) and ``as_of``, in any order
    leads : of the export
    activities : of the export
    vocabulary : learned on training data; it alone decides on the columns
    threads : the answer does not depend on it

    Returns
    -------
    DataFrame of float32, one row per snapshot in the snapshots' order, one column per catalog
    entry in its order. Categories are codes (0 missing, 1 other, then the vocabulary's own);
    missing numbers are NaN. A row depends on its own (lead, as_of) only. No snapshots, no rows.

    Raises
    ------
    ConfigurationError
        ``leads`` lacks a profile column of the vocabulary, or holds another kind of values in it.

    >>> at = pd.to_datetime(["2012-01-01", "2012-01-03"], utc=True).as_unit("us")
    >>> leads = pd.DataFrame({"created_at": at[:1]})
    >>> activities = pd.DataFrame({"lead": [0], "occurred_at": at[:1], "type": ["call"],
    ...     "direction": ["outbound"], "rep_id": ["r1"]}).astype(
    ...     {"type": "category", "direction": "category", "rep_id": "category"})
    >>> snapshots = pd.DataFrame({"lead": [0], "as_of": at[1:]})
    >>> X = build_matrix(snapshots, leads, activities, Vocabulary(("call",), ()))
    >>> X[["call_1d", "call_7d", "days_since_call"]].iloc[0].tolist()
    [0.0, 1.0, 2.0]
    """
    _refuse_other_profile(leads, vocabulary.profile)
    catalog = build_catalog(vocabulary)
    values = np.empty((len(snapshots), len(catalog)), dtype=np.float32)
    timeline = _build_timeline(leads, activities, vocabulary.types)
    sizes = 1 + len(vocabulary.types), len(activities["rep_id"].cat.categories)
    _write_activities(values, snapshots, timeline, sizes, threads)
    n_subjects = 1 + len(vocabulary.types) + len(DIRECTIONS) + 1
    behind = range(n_subjects * len(PER_SUBJECT) + len(JOURNEY), len(catalog))
    for column, computed in zip(
        behind, _compute_other_columns(snapshots, leads, vocabulary), strict=True
    ):
        values[:, column] = computed
    return pd.DataFrame(values, columns=[f.name for f in catalog], copy=False)


def _refuse_other_profile(leads: pd.DataFrame, profile: Sequence[ProfileTerm]) -> None:
    """A column without any value passes as any kind: all of it is missing."""
    if absent := [term.name for term in profile if term.name not in leads]:
        raise ConfigurationError(
            f"The leads lack the profile columns {absent} that the model was trained with. "
            "Name them in leadgain.toml under [leads] profile, or train again."
        )
    for term in profile:
        values = leads[term.name]
        if str(values.dtype) != PROFILE_DTYPES[term.kind] and values.notna().any():
            raise ConfigurationError(
                f"The profile column {term.name!r} was a {term.kind} when the model was trained, "
                f"and now it has {values.dtype} values. Declare its kind in leadgain.toml "
                "([leads] profile as a table of kinds), or train again."
            )


def _build_timeline(
    leads: pd.DataFrame, activities: pd.DataFrame, types: tuple[str, ...]
) -> "Timeline":
    from features.windows import Timeline

    return Timeline(
        time=_make_read_only(convert_to_microseconds(activities["occurred_at"]), np.int64),
        type=_make_read_only(_encode_types(activities["type"], types), np.int32),
        direction=_make_read_only(_encode_directions(activities["direction"]), np.int8),
        rep=_make_read_only(activities["rep_id"].cat.codes.to_numpy(), np.int32),
        start=_make_read_only(find_first_positions(activities, len(leads)), np.int64),
        created=_make_read_only(convert_to_microseconds(leads["created_at"]), np.int64),
    )


def compile_kernel() -> None:
    """Compile the kernel, which takes a few seconds once a process, before it is needed.

    >>> compile_kernel()
    """
    at = pd.to_datetime(["2012-01-01", "2012-01-02"], utc=True).as_unit("us")
    categories = {"type": "category", "direction": "category", "rep_id": "category"}
    row = {"lead": [0], "occurred_at": at[:1], "type": ["a"], "direction": ["inbound"]}
    build_matrix(
        pd.DataFrame({"lead": [0], "as_of": at[1:]}),
        pd.DataFrame({"created_at": at[:1]}),
        pd.DataFrame({**row, "rep_id": ["r"]}).astype(categories),
        Vocabulary((), ()),
    )


def _write_activities(
    values: Values,
    snapshots: pd.DataFrame,
    timeline: "Timeline",
    sizes: tuple[int, int],
    threads: int,
) -> None:
    """The kernel, one stretch of leads per thread; ``sizes``: keys of types, distinct reps."""
    from features.windows import write_windows

    windows = _make_read_only(np.array([*WINDOW_DAYS, 7 + PACE_DAYS]) * DAY, np.int64)
    half_lives = _make_read_only(np.array(HALF_LIFE_DAYS) * DAY, np.float64)

    def write(part: tuple[npt.NDArray[np.int64], ...]) -> None:
        write_windows(timeline, *part, windows, half_lives, *sizes, values)

    with ThreadPoolExecutor(max_workers=threads) as pool:
        list(pool.map(write, _split_between_leads(snapshots, threads)))


def _split_between_leads(
    snapshots: pd.DataFrame, threads: int
) -> Iterator[tuple[npt.NDArray[np.int64], ...]]:
    """The snapshots sorted by (lead, as_of), cut between leads: lead, as_of and row of each."""
    lead = snapshots["lead"].to_numpy(dtype=np.int64)
    as_of = convert_to_microseconds(snapshots["as_of"])
    row = np.lexsort((as_of, lead))
    lead, as_of = lead[row], as_of[row]
    even = np.arange(1, threads) * len(lead) // threads
    cuts = [0, *np.searchsorted(lead, lead[even] if len(lead) else even), len(lead)]
    for begin, end in pairwise(cuts):
        part = (lead[begin:end], as_of[begin:end], row[begin:end])
        yield tuple(_make_read_only(a, np.int64) for a in part)


def _encode_types(types: pd.Series, known: tuple[str, ...]) -> npt.NDArray[np.int32]:
    """Key of each activity's type: 0 other, 1 the vocabulary's first, and so on."""
    position = {name: i + 1 for i, name in enumerate(known)}
    keys = [position.get(name, 0) for name in types.cat.categories]
    return np.array([*keys, 0], dtype=np.int32)[types.cat.codes.to_numpy()]  # -1, missing: other


def _encode_directions(directions: pd.Series) -> npt.NDArray[np.int8]:
    """Position in DIRECTIONS; a missing direction is internal."""
    codes = [DIRECTIONS.index(name) for name in directions.cat.categories]
    internal = DIRECTIONS.index("internal")
    return np.array([*codes, internal], dtype=np.int8)[directions.cat.codes.to_numpy()]


def _make_read_only(array: npt.NDArray[Any], dtype: type[Scalar]) -> npt.NDArray[Scalar]:
    """One layout for all callers, so that the kernel is compiled once."""
    view: npt.NDArray[Scalar] = np.ascontiguousarray(array, dtype=dtype).view()
    view.flags.writeable = False
    return view


def _compute_other_columns(
    snapshots: pd.DataFrame, leads: pd.DataFrame, vocabulary: Vocabulary
) -> Iterator[Values]:
    """The columns behind the kernel's: calendar and profile, in catalog order."""
    lead = snapshots["lead"].to_numpy()
    as_of = convert_to_microseconds(snapshots["as_of"])
    created = convert_to_microseconds(leads["created_at"])
    calendar = {
        "lead_age_days": (as_of - created[lead]) / DAY,
        "created_weekday": _compute_weekday(created)[lead],
        "created_hour": (created // HOUR % 24)[lead],
        "list_weekday": _compute_weekday(as_of),
    }
    for family in CALENDAR:
        yield calendar[family.measure].astype(np.float32)
    for term in vocabulary.profile:
        yield from _compute_profile_columns(leads[term.name], term, lead, as_of, created)


def _compute_weekday(us: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """0 Monday .. 6 Sunday; 1970-01-01 was a Thursday."""
    return (us // DAY + 3) % 7


def _compute_profile_columns(
    values: pd.Series,
    term: ProfileTerm,
    lead: npt.NDArray[np.int32],
    as_of: npt.NDArray[np.int64],
    created: npt.NDArray[np.int64],
) -> Iterator[Values]:
    match term.kind:
        case "number" | "yes_no":
            numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
            yield _drop_infinite(numbers)[lead]
        case "category":
            code = {name: i + FIRST_CODE for i, name in enumerate(term.categories)}
            codes = values.map(code).fillna(OTHER_CODE).where(values.notna(), MISSING_CODE)
            yield np.asarray(codes.to_numpy(dtype=np.float32)[lead])
        case "date":
            date = convert_to_microseconds(values)
            yield _compute_days(date, created)[lead]
            yield _compute_days(date[lead], as_of)


def _compute_days(date: npt.NDArray[np.int64], since: npt.NDArray[np.int64]) -> Values:
    return np.where(date == MISSING, np.nan, (date - since) / DAY).astype(np.float32)


def _drop_infinite(numbers: npt.NDArray[np.float64]) -> Values:
    """As float32; what it cannot hold is missing."""
    limit = float(np.finfo(np.float32).max)
    return np.where(np.abs(numbers) <= limit, numbers, np.nan).astype(np.float32)
