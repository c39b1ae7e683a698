"""The proof of a ranking, written beside the model and read again."""

from dataclasses import replace

import pandas as pd
import pytest

from pipelines.lifecycle.evidence import Evidence, read_evidence, write_evidence


@pytest.fixture(scope="module")
def proof(night) -> Evidence:
    return read_evidence(night.home / "models" / "1")


def test_a_proof_is_read_as_it_was_written(proof, tmp_path):
    write_evidence(tmp_path, proof, depth=0.3)
    again = read_evidence(tmp_path)
    pd.testing.assert_frame_equal(again.backtest, proof.backtest)
    assert again.tables.keys() == proof.tables.keys()
    for name, frame in again.tables.items():
        pd.testing.assert_frame_equal(frame, proof.tables[name])
    assert again.training == proof.training


@pytest.mark.pictures
def test_what_an_older_leadgain_did_not_write_is_none(proof, tmp_path):
    older = replace(proof, importance=None, first_contact=None, training=None)
    write_evidence(tmp_path, older, depth=0.3)
    again = read_evidence(tmp_path)
    assert (again.importance, again.first_contact, again.training) == (None, None, None)
    assert set(again.tables) == {"gains.csv", "gain_table.csv", "tiers.csv"}
    assert (tmp_path / "gains.png").read_bytes().startswith(b"\x89PNG")
