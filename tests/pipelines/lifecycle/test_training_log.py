"""What the last training came to, and when the next one is due."""

import json
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

LAST = TrainingRecord("2024-03-01T00:00:00+00:00", "f", 1, promoted=True, sentence="It leads.")


def at(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


def test_a_training_that_is_still_to_come_is_none():
    at = pd.Timestamp("2026-11-20", tz="UTC")
    last = TrainingRecord("2036-03-01T00:00:00+00:00", "f", 1, True, "The clock was wrong.")
    why = find_training_reason(last, as_of=at, fingerprint="f", every_days=7, now=at)
    assert why == "the last one is dated 2036-03-01, which is still to come"


def test_a_decision_is_remembered_as_it_was(tmp_path):
    home = Home(tmp_path)
    assert read_last_training(home) is None
    with hold_home(home) as lock:
        write_training_record(lock, LAST)
        second = TrainingRecord(
            "2024-03-08T00:00:00+00:00", "g", None, promoted=False, sentence="Né."
        )
        write_training_record(lock, second)
    assert read_last_training(home) == second


@pytest.mark.parametrize(
    "content",
    ["", '{"as_of": "2024-03-01T00:', "[]", '{"version": 1}', "null", b"\xff"],
    ids=["empty", "cut off", "a list", "lacking", "nothing", "no text"],
)
def test_a_decision_that_somebody_has_edited_badly_is_named_with_what_to_do(tmp_path, content):
    with hold_home(Home(tmp_path)) as lock:
        write_training_record(lock, LAST)
    file = tmp_path / "models" / "last_training.json"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigurationError, match=r"last_training\.json cannot be understood") as no:
        read_last_training(Home(tmp_path))
    assert "delete it; then the next `leadgain run` trains anew" in str(no.value)


def test_an_instant_without_a_time_zone_is_no_instant(tmp_path):
    with hold_home(Home(tmp_path)) as lock:
        write_training_record(lock, replace(LAST, as_of="2024-03-01"))
    with pytest.raises(ConfigurationError, match="cannot be understood"):
        read_last_training(Home(tmp_path))


def test_a_person_can_read_the_decision(tmp_path):
    with hold_home(Home(tmp_path)) as lock:
        write_training_record(
            lock, TrainingRecord("2024-03-01T00:00:00+00:00", "f", 1, promoted=True, sentence="Né.")
        )
    content = (tmp_path / "models" / "last_training.json").read_text(encoding="utf-8")
    assert "Né." in content
    assert json.loads(content)["version"] == 1


PROOF = {"depth": 0.3, "gain": 0.55, "most_fresh": 0.41, "difference": 0.14, "low": 0.1}
DUEL = {"champion": 1, "verdict": "not worse", "rows": 900, "difference": -0.004}


def test_a_decision_keeps_its_numbers(tmp_path):
    told = replace(LAST, why="it was asked for", proof=PROOF, duel=DUEL)
    with hold_home(Home(tmp_path)) as lock:
        write_training_record(lock, told)
    found = read_last_training(Home(tmp_path))
    assert found == told
    assert json.loads(found.to_json()) == {
        "as_of": "2024-03-01T00:00:00Z",
        "why_trained": "it was asked for",
        "version": 1,
        "promoted": True,
        "sentence": "It leads.",
        "proof": PROOF,
        "duel": DUEL,
    }


def test_a_decision_of_an_older_or_a_newer_leadgain_is_read(tmp_path):
    """The older one kept no numbers; what a newer one adds is not known here."""
    older = {"as_of": LAST.as_of, "fingerprint": "f", "version": 1, "promoted": True}
    older |= {"sentence": "It leads.", "mood": "good"}
    with hold_home(Home(tmp_path)):
        (tmp_path / "models" / "last_training.json").write_text(json.dumps(older))
    found = read_last_training(Home(tmp_path))
    assert found == LAST
    assert (found.why, found.proof, found.duel) == (None, None, None)


def test_the_same_training_again_leaves_the_decision_as_it_was(tmp_path):
    """Or the same run again would publish something else."""
    home = Home(tmp_path)
    first = replace(LAST, why="there was none yet")
    again = replace(LAST, why="it was asked for", sentence="Version 1 leads already.")
    with hold_home(home) as lock:
        write_training_record(lock, first)
        write_training_record(lock, again)
        assert read_last_training(home) == first
        later = replace(again, as_of="2024-03-08T00:00:00+00:00")
        write_training_record(lock, later)
    assert read_last_training(home) == later


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
    due = find_training_reason(last, as_of=at(as_of), fingerprint=fingerprint, every_days=7)
    assert due == reason


def test_a_training_that_gave_no_model_counts_as_one():
    """Otherwise a CRM with too few conversions would be trained on every night."""
    without = TrainingRecord(LAST.as_of, "f", None, promoted=False, sentence="Too few.")
    due = find_training_reason(without, as_of=at("2024-03-02"), fingerprint="f", every_days=7)
    assert due is None
