"""An export that goes back in time, or that is of another CRM, does not pass without a word."""

import json
import shutil
from dataclasses import replace

import pandas as pd
import pytest

from crm.errors import DataRefused
from crm.export import Export, counts_frame
from pipelines.against_last import against_last_list, refuse_other_leads
from pipelines.check import CheckedExport
from pipelines.job import Job
from pipelines.settings import load_settings
from publications.home import Home
from tests.pipelines.conftest import in_force
from tests.pipelines.small_crm import small_crm, write_export


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


def test_an_old_export_that_goes_on_from_there_is_a_warning_on_every_night(job, tmp_path):
    """Its second night comes after its first, but still before the last list of the true one."""
    home = Home(shutil.copytree(job.home.folder, tmp_path / "home"))
    second = home.publications / "2"
    shutil.copytree(home.publications / "1", second)
    manifest = json.loads((second / "manifest.json").read_text())
    manifest["as_of"] = "2024-06-01T00:00:00Z"
    (second / "manifest.json").write_text(json.dumps(manifest))
    home.current.write_text("2\n")
    next_night = export_of(job, known=listed(job), as_of="2024-06-02T00:00:00Z")
    (told,) = against_last_list(next_night, replace(job, home=home))
    assert "before the list of publication 1, which stands at 2024-08-02 23:22 UTC" in told
    manifest["counts"]["any_size"] = True
    (second / "manifest.json").write_text(json.dumps(manifest))
    assert against_last_list(next_night, replace(job, home=home)) == (), "it is meant so"


def test_a_list_from_elsewhere_says_nothing_of_this_export(job, monkeypatch, tmp_path):
    assert against_last_list(export_of(job, known=0), job) != ()
    monkeypatch.setenv("LEADGAIN_EXPORT__FOLDER", str(tmp_path))
    elsewhere = replace(job, settings=load_settings(job.settings.file))
    assert against_last_list(export_of(job, known=0), elsewhere) == ()


def test_an_export_that_knows_next_to_none_of_the_leads_is_refused(job):
    total = listed(job)
    few = total // 20
    refuse_other_leads(export_of(job, known=few + 1).export, job)
    with pytest.raises(DataRefused) as refusal:
        refuse_other_leads(export_of(job, known=few - 1).export, job)
    assert str(refusal.value) == (
        f"{total - few + 1:,} of the {total:,} leads of publication 1 are not in this export, "
        "although it comes from the same place. That is another CRM's export, or the ids of the "
        "leads have changed. Nothing was published. If it is meant so, run once with --any-size, "
        "and then `leadgain train`: the model has learned from the other leads."
    )


def test_other_leads_are_taken_when_somebody_says_that_they_are_meant(job):
    refuse_other_leads(export_of(job, known=0).export, replace(job, any_size=True))


def test_other_leads_of_another_place_are_no_reason_to_refuse(job, monkeypatch, tmp_path):
    monkeypatch.setenv("LEADGAIN_EXPORT__FOLDER", str(tmp_path))
    elsewhere = replace(job, settings=load_settings(job.settings.file))
    refuse_other_leads(export_of(job, known=0).export, elsewhere)


def test_another_crms_export_in_the_same_place_is_refused_by_the_command(
    leadgain, night, published, tmp_path
):
    folder = night.config.parent
    shutil.copytree(folder, tmp_path / "kept")
    leads, activities = small_crm(seed=5)
    for frame in (leads, activities):
        frame["lead_id"] = "other-" + frame["lead_id"]
    try:
        write_export(folder, leads=leads, activities=activities)
        outcome = leadgain("score", "--config", night.config, "--home", published)
        taken = leadgain("score", "--config", night.config, "--home", published, "--any-size")
    finally:
        shutil.copytree(tmp_path / "kept", folder, dirs_exist_ok=True)
    assert outcome.code == 3
    assert "are not in this export, although it comes from the same place" in outcome.err
    assert taken.code == 0, taken.err
    assert in_force(published).number == 2
