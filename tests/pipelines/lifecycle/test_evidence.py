"""The proof of a ranking, written beside the model and read again."""

from dataclasses import replace

import pandas as pd
import pytest

from pipelines.lifecycle.evidence import Evidence, read_evidence, write_evidence


@pytest.fixture(scope="module")
def proof(night) -> Evidence:
    return read_evidence(night.home / "models" / "1")


@pytest.mark.pictures
def test_a_proof_is_read_as_it_was_written(proof, tmp_path):
    written = write_evidence(tmp_path, proof, depth=0.3)
    pd.testing.assert_frame_equal(written.backtest, proof.backtest)
    assert written.tables.keys() == proof.tables.keys()
    for name, frame in written.tables.items():
        pd.testing.assert_frame_equal(frame, proof.tables[name])
    assert written.training == proof.training
    assert (tmp_path / "gains.png").read_bytes().startswith(b"\x89PNG")


def test_without_outbound_activities_there_is_no_table_of_first_contacts(proof, tmp_path):
    written = write_evidence(tmp_path, replace(proof, first_contact=None), depth=0.3)
    assert written.first_contact is None
    assert "first_contact.csv" not in written.tables


def test_a_backtest_without_its_columns_is_not_kept(proof, tmp_path):
    """It would otherwise fail on the night that reads it."""
    for backtest in (
        proof.backtest.drop(columns="converted"),
        proof.backtest.assign(score=proof.backtest["score"].astype("str")),
    ):
        with pytest.raises(ValueError, match=r"backtest\.parquet"):
            write_evidence(tmp_path, replace(proof, backtest=backtest), depth=0.3)
    assert not list(tmp_path.iterdir())
