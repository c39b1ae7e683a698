"""Who stands on a list that is handed out."""

from types import SimpleNamespace

import pandas as pd

from features.list_policy import ListPolicy
from pipelines.data.dataset import find_open_leads

END = pd.Timestamp("2024-03-14", tz="UTC")


def list_open_leads(as_of: pd.Timestamp) -> list[str]:
    """Four leads: open, converted and closed on the export's last day, closed the day before."""

    def days(*texts: str | None) -> pd.Series:
        return pd.Series(pd.to_datetime(list(texts), utc=True)).astype("datetime64[us, UTC]")

    leads = pd.DataFrame(
        {
            "lead_id": ["open", "won", "lost", "lost before"],
            "created_at": days(*["2024-03-01"] * 4),
            "converted_at": days(None, "2024-03-14", None, None),
            "closed_at": days(None, None, "2024-03-14", "2024-03-13"),
        }
    )
    export = SimpleNamespace(leads=leads, last_instant=END)
    return find_open_leads(as_of, export, ListPolicy())["lead_id"].tolist()


def test_who_ended_at_the_very_end_of_the_export_is_not_called_any_more() -> None:
    assert list_open_leads(END) == ["open"]


def test_an_earlier_list_does_not_know_what_happened_at_its_instant() -> None:
    assert list_open_leads(pd.Timestamp("2024-03-13", tz="UTC")) == [
        "open",
        "won",
        "lost",
        "lost before",
    ]
