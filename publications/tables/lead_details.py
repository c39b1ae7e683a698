"""What is published of each listed lead beside the worklist: its facts and its activities.

Both tables are built for some thousand leads at a time, so that a list of a million leads is
never in memory as a whole.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

LEADS_AT_ONCE = 8_192
EVERYTHING_ELSE = "Everything else"
"""The last row of each lead: the sum of all weaker facts."""


def build_reason_parts(
    lead_id: "pd.Series",
    facts: "npt.NDArray[np.object_]",
    contributions: "npt.NDArray[np.float64]",
    others: "npt.NDArray[np.float64]",
    *,
    order: "npt.NDArray[np.integer]",
    leads_per_frame: int = LEADS_AT_ONCE,
) -> "Iterator[pd.DataFrame]":
    """Lay out the strongest facts of each lead, in the order of the worklist.

    Parameters
    ----------
    lead_id : Series of n ids in the order of the worklist
    facts, contributions : ndarrays of shape (n, k), strongest first; 0 where there is no fact
    others : ndarray of shape (n,), the sum of all further facts
    order : ndarray of shape (n,), which of their rows is called first, second and so on
    leads_per_frame : leads per part

    Yields
    ------
    DataFrame with the columns of reasons.parquet; at least one, if only an empty one

    >>> import numpy as np, pandas as pd
    >>> (part,) = build_reason_parts(
    ...     pd.Series(["a"]), np.array([["Offer returned", "-"]], dtype=object),
    ...     np.array([[0.5, 0.0]]), np.array([0.25]), order=np.array([0]))
    >>> part.values.tolist()
    [[1, 'a', 1, 'Offer returned', 0.5], [1, 'a', 2, 'Everything else', 0.25]]
    """
    import numpy as np
    import pandas as pd

    ids = lead_id.to_numpy(dtype=object)
    for first in range(0, max(len(order), 1), leads_per_frame):
        part = slice(first, first + leads_per_frame)
        rows = order[part]
        last = np.full((len(rows), 1), EVERYTHING_ELSE, dtype=object)
        moved = np.column_stack([contributions[rows], others[rows]])
        present = np.column_stack([moved[:, :-1] != 0, np.ones(len(rows), dtype=bool)])
        place, _ = present.nonzero()
        yield pd.DataFrame(
            {
                "rank": first + place + 1,
                "lead_id": pd.Series(ids[part][place], dtype="str"),
                "position": present.cumsum(axis=1)[present],
                "fact": pd.Series(np.column_stack([facts[rows], last])[present], dtype="str"),
                "contribution": moved[present],
            }
        )


def build_timeline_parts(
    lead_id: "pd.Series", parts: "Iterable[pd.DataFrame]"
) -> "Iterator[pd.DataFrame]":
    """Name the leads of a timeline.

    Parameters
    ----------
    lead_id : Series of ids in the order of the worklist
    parts : DataFrames with columns place (position in ``lead_id``), occurred_at, type, direction

    Yields
    ------
    DataFrame with the columns of timeline.parquet, one for each part

    >>> import pandas as pd
    >>> at = pd.to_datetime(["2012-01-01"], utc=True)
    >>> part = pd.DataFrame({"place": [1], "occurred_at": at, "type": "Call", "direction": "in"})
    >>> named = next(build_timeline_parts(pd.Series(["a", "b"]), [part]))
    >>> named[["rank", "lead_id"]].values.tolist()
    [[2, 'b']]
    """
    import pandas as pd

    ids = lead_id.to_numpy(dtype=object)
    for part in parts:
        place = part["place"].to_numpy()
        named = {"rank": place + 1, "lead_id": pd.Series(ids[place], dtype="str")}
        yield pd.DataFrame(named | {name: part[name] for name in part.columns if name != "place"})
