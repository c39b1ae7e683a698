"""What the last training came to, and when the next one is due."""

from dataclasses import replace

import pandas as pd
import pytest

from crm.errors import ConfigurationError
from pipelines.lifecycle.training_log import (
    TrainingRecord,
    find_training_reason,
    read_last_training,
    write_training_record,
)
from publications.storage.home import Home
from publications.storage.lock import hold_home

LAST = TrainingRecord("2024-03-01T00:00:00Z", "f", 1, True, "It is better.", "requested")


def at(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


def write(home: Home, record: TrainingRecord) -> TrainingRecord:
    with hold_home(home) as lock:
        return write_training_record(lock, record, read_last_training(home))


def test_a_training_with_a_future_date_does_not_count():
    now = at("2026-11-20")
    last = replace(LAST, list_as_of="2036-03-01T00:00:00Z")
    reason = find_training_reason(last, list_as_of=now, fingerprint="f", every_days=7, now=now)
    assert reason == "the last training has the future date 2036-03-01"


def test_the_last_record_replaces_the_one_before(tmp_path):
    home = Home(tmp_path)
    assert read_last_training(home) is None
    write(home, LAST)
    second = replace(LAST, list_as_of="2024-03-08T00:00:00Z", version=None, sentence="Né.")
    assert write(home, second) == second
    assert read_last_training(home) == second
    assert "Né." in (tmp_path / "models" / "last_training.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "content",
    ["", '{"list_as_of": "2024-03-01T00:', "[]", '{"version": 1}', "null", b"\xff"],
    ids=["empty", "cut off", "a list", "lacking", "nothing", "no text"],
)
def test_a_decision_file_edited_badly_is_named_with_what_to_do(tmp_path, content):
    write(Home(tmp_path), LAST)
    file = tmp_path / "models" / "last_training.json"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigurationError, match=r"last_training\.json cannot be read") as no:
        read_last_training(Home(tmp_path))
    assert "or delete it" in str(no.value)


def test_an_instant_without_a_time_zone_is_no_instant(tmp_path):
    write(Home(tmp_path), replace(LAST, list_as_of="2024-03-01"))
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_last_training(Home(tmp_path))


PROOF = {"depth": 0.3, "gain": 0.55, "most_fresh": 0.41, "difference": 0.14, "low": 0.1}
DUEL = {"champion": 1, "verdict": "not worse", "rows": 900, "difference": -0.004}


def test_a_decision_keeps_its_numbers(tmp_path):
    record = replace(LAST, proof=PROOF, duel=DUEL)
    write(Home(tmp_path), record)
    found = read_last_training(Home(tmp_path))
    assert found == record
    assert found.content() == {
        "list_as_of": "2024-03-01T00:00:00Z",
        "why_trained": "requested",
        "version": 1,
        "promoted": True,
        "sentence": "It is better.",
        "proof": PROOF,
        "duel": DUEL,
    }


def test_the_same_training_again_leaves_the_decision_as_it_was(tmp_path):
    """Or the same run again would publish something else."""
    home = Home(tmp_path)
    again = replace(LAST, reason="another", sentence="Version 1 is the champion already.")
    write(home, LAST)
    assert write(home, again) == LAST
    assert read_last_training(home) == LAST
    later = replace(again, list_as_of="2024-03-08T00:00:00Z")
    assert write(home, later) == later


@pytest.mark.parametrize(
    ("last", "list_as_of", "fingerprint", "reason"),
    [
        (None, "2024-03-01", "f", "no model has been trained yet"),
        (LAST, "2024-03-07 23:59", "f", None),
        (LAST, "2024-03-08", "f", "the last training is 7 days old"),
        (LAST, "2024-03-02", "g", "leadgain.toml has changed since the last training"),
        (LAST, "2024-02-01", "f", None),  # an earlier list than the training's: nothing is due
    ],
)
def test_a_training_is_due_after_seven_days_or_when_the_configuration_changed(
    last, list_as_of, fingerprint, reason
):
    due = find_training_reason(
        last, list_as_of=at(list_as_of), fingerprint=fingerprint, every_days=7
    )
    assert due == reason


def test_a_training_that_gave_no_model_counts_as_one():
    """Otherwise a CRM with too few conversions would be trained on every night."""
    without = replace(LAST, version=None, promoted=False)
    due = find_training_reason(without, list_as_of=at("2024-03-02"), fingerprint="f", every_days=7)
    assert due is None
