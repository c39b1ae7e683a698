"""Steps are told to whoever listens, and work goes on where nobody does."""

import pytest

from pipelines.runtime.progress import step, use_listener


class Ear:
    def __init__(self):
        self.heard = []

    def begin(self, title):
        self.heard.append(("begin", title))
        return lambda done, total: self.heard.append((done, total))

    def end(self, title):
        self.heard.append(("end", title))


def test_a_step_tells_its_begin_its_progress_and_its_end():
    ear = Ear()
    with use_listener(ear), step("Reading") as advance:
        advance(1, 2)
    assert ear.heard == [("begin", "Reading"), (1, 2), ("end", "Reading")]


def test_a_step_that_fails_is_not_told_as_done():
    ear = Ear()
    with pytest.raises(ZeroDivisionError), use_listener(ear), step("Reading"):
        raise ZeroDivisionError
    assert ear.heard == [("begin", "Reading")]


def test_nobody_is_told_before_or_after_somebody_listens():
    ear = Ear()
    with step("Before"):
        pass
    with use_listener(ear):
        pass
    with step("After") as advance:
        advance(1, 1)
    assert ear.heard == []


def test_the_inner_listener_hears_and_the_outer_one_comes_back():
    outer, inner = Ear(), Ear()
    with use_listener(outer):
        with use_listener(inner), step("Inner"):
            pass
        with step("Outer"):
            pass
    assert [title for _, title in inner.heard] == ["Inner", "Inner"]
    assert [title for _, title in outer.heard] == ["Outer", "Outer"]
