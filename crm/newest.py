"""How recent each table of an export is."""

import pandas as pd

from crm.export import Export


def newest_by_table(export: Export, *, as_of: pd.Timestamp) -> pd.DataFrame:
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
