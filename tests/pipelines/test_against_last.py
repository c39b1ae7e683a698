"""An export that goes back in time, or that is of another CRM, does not pass without a word."""

from dataclasses import replace

import pandas as pd
import pytest

from crm.export import Export, counts_frame
from pipelines.against_last import against_last_list
from pipelines.check import CheckedExport
from pipelines.job import Job
from pipelines.settings import load_settings
from publications.home import Home
from tests.pipelines.conftest import in_force


@pytest.fixture
def job(night) -> Job:
    now = pd.Timestamp("2026-11-20", tz="UTC")
    return Job(load_settings(night.config), Home(night.home.resolve()), now)


def export_of(job: Job, *, known: int, as_of: str = "") -> CheckedExport:
    """An export that holds so many of the leads on the list in force."""
    publication = in_force(job.home.folder)
    listed = publication.table("worklist.parquet")["lead_id"]
    leads = pd.DataFrame({"lead_id": [*listed[:known], "stranger"]})
    at = pd.Timestamp(as_of or publication.manifest["as_of"])
    counts = counts_frame([("leads", known + 1, known + 1, 0, 0)])
    export = Export(leads, pd.DataFrame(), (), pd.DataFrame(), counts, (), at)
    return CheckedExport(export, None, at)  # type: ignore[arg-type]


def listed(job: Job) -> int:
    return len(in_force(job.home.folder).table("worklist.parquet"))


def test_an_export_of_the_same_leads_needs_no_warning(job):
    assert against_last_list(export_of(job, known=listed(job)), job) == ()


def test_an_export_of_other_leads_is_a_warning_from_half_on(job):
    total = listed(job)
    assert against_last_list(export_of(job, known=total - total // 2), job) == ()
    (told,) = against_last_list(export_of(job, known=2), job)
    assert told.startswith(f"{total - 2:,} of the {total:,} leads of publication 1 are not in this")


def test_an_export_that_goes_back_in_time_is_a_warning_unless_it_was_asked_for(job):
    earlier = export_of(job, known=listed(job), as_of="2024-06-01T00:00:00Z")
    (told,) = against_last_list(earlier, job)
    assert told.startswith("This export ends at 2024-06-01 00:00 UTC, before the list of")
    assert against_last_list(earlier, replace(job, as_of=earlier.as_of)) == ()


def test_a_list_from_elsewhere_says_nothing_of_this_export(job, monkeypatch, tmp_path):
    assert against_last_list(export_of(job, known=0), job) != ()
    monkeypatch.setenv("LEADGAIN_EXPORT__FOLDER", str(tmp_path))
    elsewhere = replace(job, settings=load_settings(job.settings.file))
    assert against_last_list(export_of(job, known=0), elsewhere) == ()
