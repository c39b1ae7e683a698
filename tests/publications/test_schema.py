"""The files of a publication and their columns."""

import re
from pathlib import Path

import pandas as pd
import pytest

from publications.schema import FILES, find_published_file, require_columns
from tests.publications.conftest import made_up_model
from tests.publications.made_up_monitoring import made_up_decision, made_up_watch

DOCS = Path(__file__).parents[2] / "docs" / "publications.md"


def tiers() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "tier": ["A", "B", "C"],
            "leads": [30, 40, 30],
            "share": [0.3, 0.4, 0.3],
            "base_rate": [0.5, 0.3, 0.1],
            "base_rate_low": [0.4, 0.2, 0.05],
            "base_rate_high": [0.6, 0.4, 0.15],
            "share_of_conversions": [0.5, 0.4, 0.1],
        }
    )


def test_a_publication_holds_the_agreed_files() -> None:
    assert {file.name for file in FILES if not file.optional} == {
        *("worklist.csv", "worklist.parquet", "gains.csv", "gain_table.csv", "tiers.csv"),
        *("backtest.parquet", "data_checks.json", "quarantine.parquet", "report.html"),
        *("gains.png", "tiers.png", "manifest.json"),
    }


def test_beside_them_stands_what_the_dashboard_tells() -> None:
    assert {file.name for file in FILES if file.optional} == {
        *("reasons.parquet", "timeline.parquet", "importance.csv", "first_contact.csv"),
        *("volumes.csv", "freshness.csv", "model.json"),
        *("monitoring.json", "drift.csv", "decision.json"),
    }


def test_the_worklist_begins_with_rank_and_lead_and_may_end_with_the_profile() -> None:
    worklist = find_published_file("worklist.csv")
    assert worklist.column_names[:5] == ("rank", "lead_id", "owner_id", "tier", "score")
    frame = pd.DataFrame({name: pd.Series(dtype=object) for name in worklist.column_names})
    require_columns(frame.assign(amount_requested=1.0), "worklist.csv")


def test_a_frame_as_agreed_passes() -> None:
    require_columns(tiers(), "tiers.csv")
    require_columns(tiers().astype({"tier": "category"}), "tiers.csv")


def test_a_missing_column_is_named_with_the_file() -> None:
    with pytest.raises(ValueError, match=r"tiers\.csv lacks share, base_rate_high"):
        require_columns(tiers().drop(columns=["share", "base_rate_high"]), "tiers.csv")


def test_another_order_is_refused() -> None:
    with pytest.raises(ValueError, match="in this order"):
        require_columns(tiers()[["leads", "tier", *tiers().columns[2:]]], "tiers.csv")


def test_more_columns_than_agreed_are_refused() -> None:
    with pytest.raises(ValueError, match=r"more columns than agreed: \['extra'\]"):
        require_columns(tiers().assign(extra=1), "tiers.csv")


def test_a_number_that_arrives_as_text_is_refused() -> None:
    with pytest.raises(ValueError, match=r"tiers\.csv: leads should be count, is str"):
        require_columns(tiers().astype({"leads": "str"}), "tiers.csv")


def test_a_profile_column_that_repeats_an_agreed_name_is_refused() -> None:
    frame = pd.DataFrame(
        [[None] * 11], columns=[*find_published_file("worklist.csv").column_names, "tier"]
    )
    with pytest.raises(ValueError, match=r"columns twice: \['tier'\]"):
        require_columns(frame, "worklist.csv")


def test_an_unknown_file_is_refused() -> None:
    with pytest.raises(KeyError, match=r"no file 'leads\.csv'"):
        find_published_file("leads.csv")


def read_sections() -> dict[str, str]:
    """Heading of the page -> what stands below it."""
    parts = re.split(r"^## (.+)$", DOCS.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_documentation_tells_every_file_and_column_and_no_other() -> None:
    for file in FILES:
        assert f"| `{file.name}` | {file.meaning} |" in DOCS.read_text(encoding="utf-8")
        told = [text for heading, text in read_sections().items() if f"`{file.name}`" in heading]
        if file.columns:
            (text,) = told
            expected = [(c.name, c.kind, c.meaning) for c in file.columns]
            assert re.findall(r"^\| `(.+?)` \| (.+?) \| (.+?) \|$", text, re.MULTILINE) == expected
    named = {name for heading in read_sections() for name in re.findall(r"`(.+?)`", heading)}
    assert named <= {file.name for file in FILES}


def documented_keys(name: str = "model.json") -> set[str]:
    rows = re.findall(r"^\| (`.+?`) \|", read_sections()[f"`{name}`"], re.MULTILINE)
    return {key for row in rows for key in re.findall(r"`(\w+)`", row)}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("model.json", made_up_model()),
        ("monitoring.json", made_up_watch()),
        ("decision.json", made_up_decision()),
    ],
)
def test_the_documentation_tells_every_key(name: str, content: dict[str, object]) -> None:
    assert documented_keys(name) == set(content)
    words = set(re.findall(r"\w+", read_sections()[f"`{name}`"]))
    for value in content.values():
        for inner in value if isinstance(value, list) else [value]:
            assert set(inner if isinstance(inner, dict) else ()) <= words
