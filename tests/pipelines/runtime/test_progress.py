"""Steps reach every listener, and work goes on where there is none."""

import pytest

from pipelines.runtime.progress import describe_versions, step, use_listener


class Recorder:
    def __init__(self):
        self.heard = []

    def begin(self, title):
        self.heard.append(("begin", title))
        return lambda done, total: self.heard.append((done, total))

    def end(self, step):
        self.heard.append(("failed" if step.failed else "end", step.title, step.rows))


def test_a_step_reports_its_begin_its_progress_and_its_end():
    recorder = Recorder()
    with use_listener(recorder), step("Reading") as reading:
        reading.advance(1, 2)
        reading.rows = 7
    assert recorder.heard == [("begin", "Reading"), (1, 2), ("end", "Reading", 7)]


def test_a_step_that_fails_is_reported_as_failed():
    recorder = Recorder()
    with pytest.raises(ZeroDivisionError), use_listener(recorder), step("Reading"):
        raise ZeroDivisionError
    assert recorder.heard == [("begin", "Reading"), ("failed", "Reading", None)]


def test_nothing_is_reported_before_or_after_a_listener():
    recorder = Recorder()
    with step("Before"):
        pass
    with use_listener(recorder):
        pass
    with step("After") as after:
        after.advance(1, 1)
    assert recorder.heard == []


def test_an_inner_listener_hears_beside_the_outer_one():
    outer, inner = Recorder(), Recorder()
    with use_listener(outer):
        with use_listener(inner), step("Inner"):
            pass
        with step("Outer"):
            pass
    assert [entry[1] for entry in inner.heard] == ["Inner", "Inner"]
    assert [entry[1] for entry in outer.heard] == ["Inner", "Inner", "Outer", "Outer"]


def test_seconds_memory_and_failure_are_described():
    with pytest.raises(ZeroDivisionError), step("Reading") as reading:
        raise ZeroDivisionError
    assert reading.describe().startswith("Reading: failed after 0.")
    assert reading.describe().endswith(" MB")


def test_versions_are_those_of_leadgain_and_what_it_stands_on():
    assert describe_versions().startswith("leadgain ")
    assert "lightgbm" in describe_versions()
