"""What time an export covers: where it ends, and how recent each table is."""

import pandas as pd

from crm.export import Export, Finding

INSTANTS = ("created_at", "converted_at", "closed_at")
MAX_ACTIVITY_LEAD_TIME = pd.Timedelta(days=1)
USUAL_DAYS = 30
PLANNED_SHARE = 0.25
"""Fewer activities than this share of the usual ones are plans, if no lead came or ended."""
MIN_EXPECTED_ACTIVITIES = 10


def find_export_end(
    leads: pd.DataFrame, activities: pd.DataFrame, latest: pd.Timestamp
) -> tuple[pd.Timestamp, list[Finding]]:
    """The latest time stamp that tells of something that happened, and what was passed over.

    Parameters
    ----------
    leads, activities : of the export
    latest : aware; what lies after it lies in the future

    Returns
    -------
    The latest instant at or before ``latest``. Meetings planned when the export was made lie in the
    past when it is read weeks later; taken for its end, all who converted in between would count
    as lost. So activities are passed over that come more than a day after any lead came in or
    ended, where they are few against the 30 days before; a finding counts them.

    >>> day = lambda *texts: pd.to_datetime(list(texts), utc=True).as_unit("us")
    >>> leads = pd.DataFrame({"created_at": day("2024-05-01"), "converted_at": day(None),
    ...     "closed_at": day(None)})
    >>> activities = pd.DataFrame({"occurred_at": day("2024-05-02", "2024-07-01")})
    >>> str(find_export_end(leads, activities, day("2024-06-01")[0])[0].date())
    '2024-05-02'
    """
    found = [leads[name][leads[name] <= latest].max() for name in INSTANTS]
    of_leads: pd.Timestamp = max(instant for instant in found if pd.notna(instant))
    at = activities["occurred_at"]
    of_activities = at[at <= latest].max()
    if pd.isna(of_activities) or of_activities <= of_leads + MAX_ACTIVITY_LEAD_TIME:
        return max(of_leads, of_activities) if pd.notna(of_activities) else of_leads, []
    before = ((at > of_leads - pd.Timedelta(days=USUAL_DAYS)) & (at <= of_leads)).sum()
    after = int(((at > of_leads) & (at <= latest)).sum())
    expected = before / USUAL_DAYS * ((of_activities - of_leads) / pd.Timedelta(days=1))
    if expected < MIN_EXPECTED_ACTIVITIES or after >= PLANNED_SHARE * expected:
        return of_activities, []
    near = at[at <= of_leads + MAX_ACTIVITY_LEAD_TIME].max()
    end = max(of_leads, near) if pd.notna(near) else of_leads
    planned = int(((at > end) & (at <= latest)).sum())
    text = (
        f"The export ends at {end:%Y-%m-%d %H:%M} UTC. No lead was created or ended after "
        f"{of_leads:%Y-%m-%d %H:%M}, and {planned:,} activities up to "
        f"{of_activities:%Y-%m-%d %H:%M} are too few to be more than plans. If they did happen, "
        "name the instant with --as-of."
    )
    return end, [Finding("activities", "planned_ahead", "warning", planned, text)]


def find_newest_by_table(export: Export, *, as_of: pd.Timestamp) -> pd.DataFrame:
    """The latest time stamp of each table up to a list, and how many rows lie before it.

    Parameters
    ----------
    export : Export
    as_of : aware; time stamps after it, such as planned activities, tell nothing of freshness

    Returns
    -------
    DataFrame with columns table (leads, activities, outcomes), newest_at (missing where the table
    has none), rows. Outcomes are leads that converted or were closed, wherever the export says so.
    """
    leads = export.leads
    outcomes = leads[["converted_at", "closed_at"]]
    instants = {
        "leads": leads["created_at"],
        "activities": export.activities["occurred_at"],
        "outcomes": outcomes.where(outcomes <= as_of).max(axis=1),
    }
    known = {name: at[at <= as_of] for name, at in instants.items()}
    return pd.DataFrame(
        {
            "table": pd.Series(list(known), dtype="str"),
            "newest_at": pd.Series(
                [at.max() for at in known.values()], dtype="datetime64[us, UTC]"
            ),
            "rows": [len(at) for at in known.values()],
        }
    )
