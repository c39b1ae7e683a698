from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from crm.export import Export
from crm.mapping import ActivitiesSection, LeadsSection, Mapping, OutcomesSection
from crm.reading.export_reader import read_export

NOW = pd.Timestamp("2024-06-01", tz="UTC")

LEADS = """lead_id,created_at,converted_at,closed_at
a,2024-01-01T10:00:00Z,2024-02-01T10:00:00Z,
b,2024-01-02T10:00:00Z,,2024-02-02T10:00:00Z
c,2024-01-03T10:00:00Z,,
"""
ACTIVITIES = """lead_id,occurred_at,type
a,2024-01-05T10:00:00Z,call
b,2024-01-06T10:00:00Z,call
"""

Content = str | bytes


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Export]:
    """Write the files of an export and read it: `read(leads, activities, outcomes, **sections)`."""

    def read(
        leads: Content = LEADS,
        activities: Content | None = None,
        outcomes: Content | None = None,
        *,
        leads_toml: dict | None = None,
        activities_toml: dict | None = None,
        outcomes_toml: dict | None = None,
        timezone: str = "UTC",
        now: pd.Timestamp = NOW,
        suffix: str = ".csv",
    ) -> Export:
        for table, content in (
            ("leads", leads),
            ("activities", activities),
            ("outcomes", outcomes),
        ):
            if content is not None:
                data = content.encode() if isinstance(content, str) else content
                (tmp_path / f"{table}{suffix}").write_bytes(data)
        mapping = Mapping(
            folder=tmp_path,
            timezone=timezone,
            leads=LeadsSection(**{"file": f"leads{suffix}"} | (leads_toml or {})),
            activities=None
            if activities is None
            else ActivitiesSection(**{"file": f"activities{suffix}"} | (activities_toml or {})),
            outcomes=None
            if outcomes is None
            else OutcomesSection(**{"file": f"outcomes{suffix}"} | (outcomes_toml or {})),
        )
        return read_export(mapping, now=now)

    return read


@pytest.fixture
def set_aside() -> Callable[..., list[tuple]]:
    """The quarantine as (line, column, rule) of one table."""

    def set_aside(export: Export, table: str = "leads") -> list[tuple]:
        mine = export.quarantine[export.quarantine["table"] == table]
        return list(mine[["line", "column", "rule"]].itertuples(index=False, name=None))

    return set_aside


@pytest.fixture
def found() -> Callable[..., dict[str, int]]:
    """The findings of an export as rule -> rows."""

    def found(export: Export, table: str = "leads") -> dict[str, int]:
        return {f.rule: f.rows for f in export.findings if f.table == table}

    return found
