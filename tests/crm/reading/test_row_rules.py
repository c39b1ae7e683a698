import re
from pathlib import Path

import pytest

from crm.contract import PROFILE_KINDS, TABLES, ProfileColumn
from crm.mapping import LeadsSection
from crm.reading.activities import build_activity_rules
from crm.reading.files import REJECT_RULES
from crm.reading.leads import INSTANTS, build_lead_rules
from crm.reading.outcomes import build_outcome_rules
from crm.reading.row_rules import LEAD_SET_ASIDE, Rule

ROOT = Path(__file__).parents[3]


def all_rules() -> dict[str, tuple[Rule, ...]]:
    """Table -> every rule that may strike it."""
    leads = LeadsSection(file="x", converted_when={"a": ["1"]}, closed_when={"b": ["1"]})
    profile = [ProfileColumn(kind, kind) for kind in PROFILE_KINDS]
    minority = dict.fromkeys(INSTANTS, ("seconds",))
    return {
        "leads": build_lead_rules(leads, profile, minority, outcomes_apart=False),
        "activities": build_activity_rules(("seconds",)),
        "outcomes": (*build_outcome_rules(minority), LEAD_SET_ASIDE),
    }


@pytest.mark.parametrize("table", [table.name for table in TABLES])
def test_each_rule_of_a_table_has_its_own_name_and_says_its_reason(table: str) -> None:
    rules = all_rules()[table]
    assert len({rule.name for rule in rules}) == len(rules)
    for rule in rules:
        assert re.fullmatch(r"[a-z_]+", rule.name)
        assert not rule.reason.endswith(".")
        assert rule.condition


def test_rows_left_out_on_purpose_come_before_rows_that_cannot_be_trusted() -> None:
    for rules in all_rules().values():
        assert [rule.name for rule in rules[:2]] == ["repeated_header", "exact_duplicate"]


def test_the_first_rule_that_strikes_decides(read, set_aside) -> None:
    # Without an id and without a date: the id comes first.
    export = read("lead_id,created_at,converted_at,closed_at\n,never,,\na,2024-01-01,,\n")
    assert set_aside(export) == [(2, "lead_id", "empty_id")]


def list_documented_rules(heading: str) -> set[str]:
    """The names in the first column of the table under a heading of the data contract."""
    text = (ROOT / "docs" / "data-contract.md").read_text(encoding="utf-8")
    section = text.split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", section, re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def test_the_data_contract_lists_every_rule_and_no_other() -> None:
    rules = {rule.name: rule.action for rules in all_rules().values() for rule in rules}
    rejects = {name for name, _ in REJECT_RULES.values()}
    quarantined = {name for name, action in rules.items() if action == "quarantine"}
    assert list_documented_rules("Quarantined") == quarantined | rejects
    assert list_documented_rules("Excluded") == set(rules) - quarantined


def test_the_data_contract_lists_every_finding_and_no_other() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "crm").rglob("*.py"))
    named = set(re.findall(r'Finding\(\s*"\w+", "(\w+)"', sources))
    named |= set(re.findall(r'Finding\(\s*(?:raw\.)?table, "(\w+)"', sources))
    named |= set(re.findall(r'_build_repair_finding\(\s*table, "(\w+)"', sources))
    named |= set(re.findall(r'\(\s*"\w+",\s+"(\w+)",\s+"(?:info|warning)"', sources))
    named |= {"before_creation", "not_finite"}
    assert list_documented_rules("Findings") == named
