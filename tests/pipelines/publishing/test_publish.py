"""What a published list says of itself, and which files stand beside it."""

import json
from types import SimpleNamespace

import pandas as pd
import pytest

from pipelines.lifecycle.evidence import PICTURES
from pipelines.publishing import publish
from pipelines.publishing.publish import PublishedList, read_unchanged_list
from publications.schema import FILES, MANIFEST, find_published_file
from publications.storage.home import Home
from publications.storage.store import open_publication
from tests.pipelines.conftest import load_current

AS_OF = pd.Timestamp("2012-03-14T15:04:54Z")


def listing(**changes: object) -> PublishedList:
    leads = pd.DataFrame({"lead_id": ["a", "b"]})
    facts = {"proof": object(), "model_version": 3, "no_model_reason": None, "warnings": ()}
    return PublishedList(publication=7, list_as_of=AS_OF, **{"worklist": leads, **facts, **changes})


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "publication 7, 2 open leads as of 2012-03-14 15:04 UTC, by version 3."),
        (
            {"is_new": False},
            "publication 7 is unchanged, 2 open leads as of 2012-03-14 15:04 UTC, by version 3.",
        ),
        (
            {"proof": None, "model_version": None, "no_model_reason": "Too few."},
            "publication 7, 2 open leads as of 2012-03-14 15:04 UTC, most fresh first.",
        ),
        (
            {"warnings": ("One.",)},
            "publication 7, 2 open leads as of 2012-03-14 15:04 UTC, by version 3. With 1 warning: "
            "see `leadgain report`.",
        ),
    ],
)
def test_the_log_says_what_a_list_came_to(changes, told):
    assert listing(**changes).summary == told


def test_an_empty_list_is_counted_too():
    empty = listing(worklist=pd.DataFrame({"lead_id": []}), warnings=("One.", "Two."))
    assert "0 open leads" in empty.summary
    assert "With 2 warnings" in empty.summary


@pytest.mark.slow
def test_a_list_that_stands_is_told_as_it_was_published(night):
    publication = load_current(night.home)
    proof = object()
    context = SimpleNamespace(champion=SimpleNamespace(proof=proof))
    found = read_unchanged_list(publication, context)
    manifest = publication.manifest
    assert (found.publication, found.is_new, found.proof) == (1, False, proof)
    assert found.list_as_of == pd.Timestamp(manifest["as_of"])
    assert found.model_version == manifest["model"]["version"] == 1
    assert found.warnings == tuple(manifest["warnings"])
    pd.testing.assert_frame_equal(found.worklist, publication.table("worklist.parquet"))


@pytest.mark.slow
def test_every_file_of_the_layout_is_there_where_a_model_ranks(night):
    publication = load_current(night.home)
    always = {file.name for file in FILES if not file.optional} - {MANIFEST}
    assert always <= set(publication.file_names)
    told = json.loads(publication.read("decision.json"))
    assert told["version"] == publication.manifest["model"]["version"]
    for name in PICTURES:
        kept = night.home / "models" / "1" / name
        assert publication.read(name) == kept.read_bytes()


@pytest.mark.slow
def test_what_the_manifest_counts_is_what_the_files_hold(night):
    publication = open_publication(Home(night.home), 1)
    worklist = publication.table("worklist.parquet")
    counts = publication.manifest["counts"]
    assert counts["leads_listed"] == len(worklist)
    assert counts["tiers"] == worklist["tier"].value_counts().sort_index().to_dict()
    for row in counts["rows"]:
        assert row["rows_in"] == row["kept"] + row["quarantined"] + row["excluded"]
    quarantined = sum(row["quarantined"] for row in counts["rows"])
    assert quarantined == len(publication.table("quarantine.parquet"))


@pytest.mark.parametrize(("policy", "more"), [("periodic", []), ("on_arrival", ["list_date"])])
def test_the_tested_rows_name_their_list_where_it_is_not_their_instant(
    policy, more, tmp_path, monkeypatch
):
    """With weekly lists ``as_of`` is the list; on arrival, each lead has its instant."""
    columns = [*find_published_file("backtest.parquet").column_names]
    written: dict[str, list[str]] = {}
    monkeypatch.setattr(
        publish, "write_table", lambda _, name, frame: written.update({name: [*frame.columns]})
    )
    backtest = pd.DataFrame(columns=[*columns, "list_date", "lead"])
    champion = SimpleNamespace(
        meaning=SimpleNamespace(policy=policy),
        proof=SimpleNamespace(backtest=backtest, tables={}),
        number=1,
    )
    kept = tmp_path / "models" / "1"
    kept.mkdir(parents=True)
    for name in PICTURES:
        (kept / name).write_bytes(name.encode())
    publish._copy_evidence(tmp_path, champion, SimpleNamespace(home=Home(tmp_path)))
    assert written["backtest.parquet"] == [*columns, *more]
    assert all((tmp_path / name).read_bytes() == name.encode() for name in PICTURES)
