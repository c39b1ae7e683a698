"""What a check of a whole table is, and how much of an export may be wrong."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from crm.mapping import Section

Share = Annotated[float, Field(ge=0, le=1)]

Frame = Literal["leads", "activities", "measures"]
"""What is judged: the leads, a summary of the activities, numbers taken while reading."""


class Gate(Section):
    """``[gate]``: how much of an export may be set aside before nothing is published."""

    max_quarantined_share: Share = 0.05
    max_quarantined_share_per_rule: Share = 0.02
    max_unknown_leads_share: Share = 0.10
    max_stale_days: Annotated[float, Field(gt=0)] | None = 1.0
    """The gate warns when the export's last instant lies further behind the clock; None: never."""


@dataclass(frozen=True)
class Check:
    """One expectation on a whole table, and what is said when it does not hold.

    Attributes
    ----------
    frame : which of the three suites holds it
    table, column, rule : what it is about, by the contract's or the profile's names
    severity : ``error`` stops the run, ``warning`` is published
    expectation, arguments : Great Expectations' name for it, and its settings
    expected : what should be, in words
    failure : what is said otherwise; ``{rows}`` is the number of rows that fail
    value : the number judged, where it is one
    shown : what stands for it in ``data_checks.json``, where the number depends on the clock
    """

    frame: Frame
    table: str
    column: str
    rule: str
    severity: Literal["error", "warning"]
    expectation: str
    arguments: dict[str, Any]
    expected: str
    failure: str
    value: float | None = None
    shown: str | None = None
