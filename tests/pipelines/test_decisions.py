"""What the last training came to, and when the next one is due."""

import json

import pandas as pd
import pytest

from pipelines.decisions import Decision, last_decision, reason_to_train, remember
from publications.home import Home, hold

LAST = Decision("2024-03-01T00:00:00+00:00", "f", 1, promoted=True, sentence="It leads.")


def at(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


def test_a_decision_is_remembered_as_it_was(tmp_path):
    home = Home(tmp_path)
    assert last_decision(home) is None
    with hold(home) as held:
        remember(held, LAST)
        second = Decision("2024-03-08T00:00:00+00:00", "g", None, promoted=False, sentence="Né.")
        remember(held, second)
    assert last_decision(home) == second


def test_a_person_can_read_the_decision(tmp_path):
    with hold(Home(tmp_path)) as held:
        remember(held, Decision("2024-03-01T00:00:00+00:00", "f", 1, promoted=True, sentence="Né."))
    content = (tmp_path / "models" / "last_training.json").read_text(encoding="utf-8")
    assert "Né." in content
    assert json.loads(content)["version"] == 1


@pytest.mark.parametrize(
    ("last", "as_of", "fingerprint", "reason"),
    [
        (None, "2024-03-01", "f", "there was none yet"),
        (LAST, "2024-03-07 23:59", "f", None),
        (LAST, "2024-03-08", "f", "the last training is 7 days old"),
        (LAST, "2024-03-02", "g", "leadgain.toml has changed since the last one"),
        (LAST, "2024-02-01", "f", None),  # an earlier list than the training's: nothing is due
    ],
)
def test_a_training_is_due_after_seven_days_or_when_the_configuration_changed(
    last, as_of, fingerprint, reason
):
    due = reason_to_train(last, as_of=at(as_of), fingerprint=fingerprint, every_days=7)
    assert due == reason


def test_a_training_that_gave_no_model_counts_as_one():
    """Otherwise a CRM with too few conversions would be trained on every night."""
    without = Decision(LAST.as_of, "f", None, promoted=False, sentence="Too few.")
    due = reason_to_train(without, as_of=at("2024-03-02"), fingerprint="f", every_days=7)
    assert due is None
