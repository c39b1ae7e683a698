"""The one kind of flow and of task: nothing of them is written down."""

from prefect.cache_policies import NO_CACHE

from pipelines.check import check
from pipelines.run import run
from pipelines.score import score
from pipelines.tasks import coarse_task
from pipelines.train import train


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
