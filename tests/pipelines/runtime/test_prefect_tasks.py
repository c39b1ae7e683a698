"""The one kind of flow and of task: nothing of them is written down."""

import os
from pathlib import Path

import pytest
from prefect.cache_policies import NO_CACHE

from crm.errors import DataRefused
from pipelines.data import checked_export
from pipelines.flows.check import check
from pipelines.flows.nightly import run
from pipelines.flows.score import score
from pipelines.flows.train import train
from pipelines.runtime.exit_codes import InternalError
from pipelines.runtime.prefect_tasks import coarse_task


def test_no_flow_keeps_its_result_and_an_error_is_kept_as_text():
    for flow in (check, train, score, run):
        assert flow.persist_result is False
        assert flow.result_serializer == "json"


def test_flows_bear_the_names_of_their_commands():
    assert [flow.name for flow in (check, train, score, run)] == ["check", "train", "score", "run"]


def test_a_task_keeps_nothing():
    task = coarse_task(name="add")(lambda a, b: a + b)
    assert (task.name, task.persist_result, task.cache_policy) == ("add", False, NO_CACHE)
    assert task.fn(1, 2) == 3


def test_what_nobody_foresaw_leaves_a_task_in_words_that_quote_nothing():
    def fail(error: Exception) -> None:
        raise error

    failing = coarse_task(name="fail")(fail)
    with pytest.raises(InternalError, match=r"Internal error \(KeyError") as told:
        failing.fn(KeyError("ann@example.com"))
    assert "ann@" not in str(told.value)
    assert isinstance(told.value.__cause__, KeyError), "--debug shows both"
    with pytest.raises(DataRefused, match="No lead is left"):
        failing.fn(DataRefused("No lead is left."))


@pytest.mark.prefect
def test_the_text_of_an_unforeseen_error_is_kept_nowhere(leadgain, crm, home, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise KeyError("canary-ann@example.com")

    monkeypatch.setattr(checked_export, "read_export", fail)
    outcome = leadgain("run", "--config", crm, "--home", home)
    assert outcome.code == 1
    assert "Internal error (KeyError at " in outcome.err
    kept = [path for folder in (home, Path(os.environ["PREFECT_HOME"])) for path in files(folder)]
    assert any(path.name.startswith("prefect.db") for path in kept)
    assert [path for path in kept if b"canary-ann" in path.read_bytes()] == []
    assert "canary-ann" not in outcome.out + outcome.err


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
