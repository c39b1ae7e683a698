"""Which files a publication holds, and their columns, as data.

Writers check their frames against it, readers and documents take the columns from it.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["count", "number", "text", "instant"]

KIND_PREDICATES = {
    "count": "is_integer_dtype",
    "number": "is_numeric_dtype",
    "text": "is_string_dtype",
    "instant": "is_datetime64_any_dtype",
}
"""Kind of a column -> the function of ``pandas.api.types`` that recognises it."""


@dataclass(frozen=True)
class PublishedColumn:
    """One column of a published table; shares and probabilities run from 0 to 1."""

    name: str
    kind: Kind
    meaning: str


@dataclass(frozen=True)
class PublishedFile:
    """One file of a publication; ``columns`` is empty where the file is not a table."""

    name: str
    meaning: str
    columns: tuple[PublishedColumn, ...] = ()
    has_more_columns: bool = False
    """Further columns may follow: the profile in the worklist, ``list_date`` in the backtest."""
    needs_model: bool = False
    """Absent from a publication without a model, which then says why."""
    optional: bool = False
    """May be absent: from publications made before it was introduced, or where the export has
    no such data."""

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names in their order."""
        return tuple(column.name for column in self.columns)


WORKLIST_COLUMNS = (
    PublishedColumn("rank", "count", "1 is called first"),
    PublishedColumn("lead_id", "text", "identifies the lead"),
    PublishedColumn("owner_id", "text", "who works the lead"),
    PublishedColumn("tier", "text", "A, B or C"),
    PublishedColumn("score", "number", "probability to convert within the horizon"),
    PublishedColumn("reason_1", "text", "the strongest reason for the score, in words"),
    PublishedColumn("reason_2", "text", "the second reason"),
    PublishedColumn("reason_3", "text", "the third reason"),
    PublishedColumn("created_at", "instant", "when the lead came in"),
    PublishedColumn("last_activity_at", "instant", "its last activity; empty: none"),
)

GAIN_COLUMNS = (
    PublishedColumn("ranking", "text", "model, most_fresh, random or perfect"),
    PublishedColumn("depth", "number", "share of each list that is called"),
    PublishedColumn("gain", "number", "share of all conversions reached"),
    PublishedColumn("gain_low", "number", "lower end of the 95 % interval"),
    PublishedColumn("gain_high", "number", "upper end of the 95 % interval"),
)

GAIN_TABLE_COLUMNS = (
    PublishedColumn("depth", "number", "share of each list that is called"),
    PublishedColumn("ranking", "text", "model, most_fresh, random or perfect"),
    PublishedColumn("gain", "number", "share of all conversions reached"),
    PublishedColumn("gain_low", "number", "lower end of the 95 % interval"),
    PublishedColumn("gain_high", "number", "upper end of the 95 % interval"),
    PublishedColumn("difference_to_most_fresh", "number", "gain minus that of most fresh first"),
    PublishedColumn("difference_low", "number", "lower end of the paired 95 % interval"),
    PublishedColumn("difference_high", "number", "upper end of the paired 95 % interval"),
)

TIER_COLUMNS = (
    PublishedColumn("tier", "text", "A, B or C"),
    PublishedColumn("leads", "count", "rows of the backtest in the tier"),
    PublishedColumn("share", "number", "their share of all rows"),
    PublishedColumn("base_rate", "number", "share of them that converted within the horizon"),
    PublishedColumn("base_rate_low", "number", "lower end of the 95 % interval"),
    PublishedColumn("base_rate_high", "number", "upper end of the 95 % interval"),
    PublishedColumn("share_of_conversions", "number", "share of all conversions in the tier"),
)

BACKTEST_COLUMNS = (
    PublishedColumn("as_of", "instant", "the instant of the snapshot"),
    PublishedColumn("lead_id", "text", "identifies the lead"),
    PublishedColumn("score", "number", "calibrated probability"),
    PublishedColumn("raw_score", "number", "the model's own margin, log-odds"),
    PublishedColumn("most_fresh", "number", "the baseline's score, higher is called first"),
    PublishedColumn("converted", "count", "1: converted within the horizon, else 0"),
    PublishedColumn("tier", "text", "A, B or C on its list"),
)

QUARANTINE_COLUMNS = (
    PublishedColumn("table", "text", "leads, activities or outcomes"),
    PublishedColumn("file", "text", "the file of the export"),
    PublishedColumn("line", "count", "line in the file, the header is line 1"),
    PublishedColumn("column", "text", "the column that cannot be trusted"),
    PublishedColumn("rule", "text", "the rule that it breaks"),
    PublishedColumn("reason", "text", "the rule in words"),
)

REASON_COLUMNS = (
    PublishedColumn("rank", "count", "the lead's rank in the worklist; the rows are sorted by it"),
    PublishedColumn("lead_id", "text", "identifies the lead"),
    PublishedColumn("position", "count", "1 is the lead's strongest fact"),
    PublishedColumn("fact", "text", "what is known of the lead, in words"),
    PublishedColumn("contribution", "number", "how far it moves the raw score, log-odds"),
)

TIMELINE_COLUMNS = (
    PublishedColumn("rank", "count", "the lead's rank in the worklist; the rows are sorted by it"),
    PublishedColumn("lead_id", "text", "identifies the lead"),
    PublishedColumn("occurred_at", "instant", "when it happened; the latest comes first"),
    PublishedColumn("type", "text", "kind of activity, in words"),
    PublishedColumn("direction", "text", "inbound, outbound or internal"),
)

IMPORTANCE_COLUMNS = (
    PublishedColumn("level", "text", "group: all columns about one fact; feature: a single column"),
    PublishedColumn("group", "text", "the fact, in words"),
    PublishedColumn("feature", "text", "what is measured of it; empty for a group"),
    PublishedColumn("share", "number", "share of what moves the scores, sums to 1 on each level"),
)

FIRST_CONTACT_COLUMNS = (
    PublishedColumn("tier", "text", "A, B or C"),
    PublishedColumn(
        "delay", "text", "creation to the first outbound activity known on the list's day"
    ),
    PublishedColumn("leads", "count", "rows of the backtest in tier and class"),
    PublishedColumn("conversions", "count", "rows of them that converted within the horizon"),
    PublishedColumn("base_rate", "number", "their share"),
    PublishedColumn("base_rate_low", "number", "lower end of the 95 % interval"),
    PublishedColumn("base_rate_high", "number", "upper end of the 95 % interval"),
)

VOLUME_COLUMNS = (
    PublishedColumn("day", "instant", "midnight UTC at which the day begins"),
    PublishedColumn("type", "text", "kind of activity, in words"),
    PublishedColumn("activities", "count", "how many on that day; days without any have no row"),
)

FRESHNESS_COLUMNS = (
    PublishedColumn("table", "text", "leads, activities or outcomes"),
    PublishedColumn(
        "newest_at", "instant", "its latest time stamp up to the list's instant; empty: none"
    ),
    PublishedColumn(
        "rows", "count", "its rows up to that instant; outcomes: leads converted or closed"
    ),
)

DRIFT_COLUMNS = (
    PublishedColumn("group", "text", "the fact, in words"),
    PublishedColumn("feature", "text", "what is measured of it"),
    PublishedColumn(
        "psi",
        "number",
        "drift from the training rows to today's list: population stability index; 0: none",
    ),
    PublishedColumn("limit", "number", "above it the drift is large and unlikely to be chance"),
    PublishedColumn("drifted", "count", "1: above the limit, else 0"),
)

RANKING_NAMES = {
    "perfect": "Perfect order",
    "model": "leadgain",
    "most_fresh": "Most fresh first",
    "random": "Random order",
}
"""Ranking of gains.csv -> what every page, chart and table calls it."""

MANIFEST = "manifest.json"

FILES = (
    PublishedFile(
        "worklist.csv", "today's list, best first", WORKLIST_COLUMNS, has_more_columns=True
    ),
    PublishedFile(
        "worklist.parquet", "the same, for programs", WORKLIST_COLUMNS, has_more_columns=True
    ),
    PublishedFile("gains.csv", "the gain curves", GAIN_COLUMNS, needs_model=True),
    PublishedFile(
        "gain_table.csv", "the gains at few depths", GAIN_TABLE_COLUMNS, needs_model=True
    ),
    PublishedFile("tiers.csv", "results by tier", TIER_COLUMNS, needs_model=True),
    PublishedFile(
        "backtest.parquet",
        "every tested row, to check the figures",
        BACKTEST_COLUMNS,
        has_more_columns=True,
        needs_model=True,
    ),
    PublishedFile("data_checks.json", "results of the checks of the export"),
    PublishedFile("quarantine.parquet", "rows set aside, each with its reason", QUARANTINE_COLUMNS),
    PublishedFile("report.html", "the proof for people"),
    PublishedFile("gains.png", "the gain chart", needs_model=True),
    PublishedFile("tiers.png", "the tiers chart", needs_model=True),
    PublishedFile(
        "reasons.parquet",
        "what each score is made of: a lead's 12 strongest facts and the sum of all others",
        REASON_COLUMNS,
        needs_model=True,
        optional=True,
    ),
    PublishedFile(
        "timeline.parquet",
        "the latest 100 activities of each listed lead",
        TIMELINE_COLUMNS,
        optional=True,
    ),
    PublishedFile(
        "importance.csv",
        "what moves the model's scores, strongest first",
        IMPORTANCE_COLUMNS,
        needs_model=True,
        optional=True,
    ),
    PublishedFile(
        "first_contact.csv",
        "conversion by tier and delay of the first contact: observed, not proven",
        FIRST_CONTACT_COLUMNS,
        needs_model=True,
        optional=True,
    ),
    PublishedFile(
        "volumes.csv", "activities a day in the last 90 days", VOLUME_COLUMNS, optional=True
    ),
    PublishedFile(
        "freshness.csv", "how recent each table of the export is", FRESHNESS_COLUMNS, optional=True
    ),
    PublishedFile(
        "model.json",
        "how the model was trained and tested, earlier versions",
        needs_model=True,
        optional=True,
    ),
    PublishedFile(
        "monitoring.json",
        "the model since its training: age, drift, gains",
        needs_model=True,
        optional=True,
    ),
    PublishedFile(
        "drift.csv",
        "drift of each input since the training, largest first",
        DRIFT_COLUMNS,
        needs_model=True,
        optional=True,
    ),
    PublishedFile(
        "decision.json", "the result of the last training, with its numbers", optional=True
    ),
    PublishedFile(MANIFEST, "sizes and SHA-256 of the other files; where they come from"),
)


def find_published_file(name: str) -> PublishedFile:
    """Look up a file of a publication by name; ``KeyError`` if there is none of that name.

    >>> find_published_file("tiers.csv").column_names[:2]
    ('tier', 'leads')
    """
    for file in FILES:
        if file.name == name:
            return file
    raise KeyError(f"a publication has no file {name!r}")


def require_columns(frame: "pd.DataFrame", name: str) -> None:
    """Check that a frame has the columns of a published table, in order and of their kind.

    A column without any value passes as any kind.

    Parameters
    ----------
    frame : DataFrame about to be written
    name : str
        File of the publication, such as "tiers.csv".

    Raises
    ------
    ValueError
        Columns are missing, follow in another order, are too many or of another kind;
        the message names the file and the columns.

    Examples
    --------
    >>> import pandas as pd
    >>> require_columns(pd.DataFrame({"tier": ["A"], "leads": [3]}), "tiers.csv")
    Traceback (most recent call last):
    ValueError: tiers.csv lacks share, base_rate, base_rate_low, base_rate_high,
    share_of_conversions
    """
    file = find_published_file(name)
    expected, found = list(file.column_names), [str(column) for column in frame.columns]
    if missing := [column for column in expected if column not in found]:
        raise ValueError(f"{name} lacks {', '.join(missing)}")
    if found[: len(expected)] != expected:
        raise ValueError(f"{name} has its columns as {found}, expected {expected} in this order")
    if not file.has_more_columns and len(found) > len(expected):
        raise ValueError(f"{name} has more columns than agreed: {found[len(expected) :]}")
    if repeated := sorted({column for column in found if found.count(column) > 1}):
        raise ValueError(f"{name} has columns twice: {repeated}")
    wrong = [
        f"{column.name} should be {column.kind}, is {frame[column.name].dtype}"
        for column in file.columns
        if not _is_kind(frame[column.name], column.kind)
    ]
    if wrong:
        raise ValueError(f"{name}: {'; '.join(wrong)}")


def _is_kind(values: "pd.Series", kind: Kind) -> bool:
    import pandas as pd

    if values.isna().all():
        return True
    dtype = (
        values.dtype.categories.dtype if isinstance(values.dtype, pd.CategoricalDtype) else values
    )
    return bool(getattr(pd.api.types, KIND_PREDICATES[kind])(dtype))
