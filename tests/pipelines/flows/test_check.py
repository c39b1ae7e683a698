"""Reading and judging the export: what stops a run, and that nothing is published then."""

import pandas as pd

from tests.pipelines.conftest import has_no_publication
from tests.pipelines.small_crm import small_crm, write_export


def test_check_says_what_it_found_and_writes_nothing(leadgain, crm, home):
    outcome = leadgain("check", "--config", crm, "--home", home)
    assert outcome.code == 0, outcome.err
    assert "The export passed" in outcome.said
    assert has_no_publication(home)


def test_a_missing_column_is_refused(leadgain, tmp_path, home):
    leads, activities = small_crm(n_leads=300)
    config = write_export(
        tmp_path / "crm",
        leads=leads.rename(columns={"created_at": "creatd_at"}),
        activities=activities,
    )
    outcome = leadgain("run", "--config", config, "--home", home)
    assert outcome.code == 3
    assert "created_at" in outcome.err
    assert "creatd_at" in outcome.err
    assert has_no_publication(home)


def test_an_empty_file_is_refused(leadgain, crm, home):
    (crm.parent / "leads.csv").write_text("")
    outcome = leadgain("run", "--config", crm, "--home", home)
    assert outcome.code == 3
    assert "leads.csv" in outcome.err
    assert "empty" in outcome.err
    assert has_no_publication(home)


def test_an_export_that_the_gate_refuses_stops_the_run(leadgain, crm, home):
    """Every tenth lead was created in a year that no CRM can date: more than 5 % set aside."""
    leads = pd.read_csv(crm.parent / "leads.csv")
    leads.loc[::10, "created_at"] = "1066-10-14"
    leads.to_csv(crm.parent / "leads.csv", index=False)
    outcome = leadgain("run", "--config", crm, "--home", home)
    assert outcome.code == 3
    assert "rows of leads (10.0%) are in quarantine; at most 5.0% may be" in outcome.err
    assert has_no_publication(home)


def test_an_old_export_is_a_warning_outside_of_the_demo(leadgain, crm, home):
    outcome = leadgain("check", "--config", crm, "--home", home)
    assert "more than 1 day ago" in outcome.said
