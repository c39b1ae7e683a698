"""When lists are drawn up, and what counts as success: ``[lists]`` of leadgain.toml."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from crm.mapping import Section

if TYPE_CHECKING:
    import pandas as pd


class ListPolicy(Section):
    """``[lists]``: when a lead is on a list, and for how long afterwards a conversion counts."""

    policy: Literal["periodic", "on_arrival"] = "periodic"
    every_days: Annotated[int, Field(ge=1, le=366)] = 7
    delay_hours: Annotated[float, Field(ge=0, le=24 * 365)] = 1.0
    """With ``on_arrival``: hours between a lead's creation and its one row."""
    horizon_days: Annotated[int, Field(ge=1, le=730)] = 30
    max_age_days: Annotated[int, Field(ge=1, le=3650)] = 365

    @property
    def horizon(self) -> "pd.Timedelta":
        """How long after a snapshot a conversion counts.

        >>> ListPolicy(horizon_days=14).horizon
        Timedelta('14 days 00:00:00')
        """
        import pandas as pd

        return pd.Timedelta(days=self.horizon_days)
