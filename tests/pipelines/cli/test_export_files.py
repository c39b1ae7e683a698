"""Tables and the training matrix, written where the user wants them."""

import pandas as pd
import pytest

from tests.pipelines.conftest import load_current

NAMES = {"worklist": "worklist.parquet", "gains": "gains.csv", "tiers": "tiers.csv"}


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("what", NAMES)
def test_export_writes_a_published_table(leadgain, night, tmp_path, what, ending):
    to = tmp_path / f"out.{ending}"
    outcome = leadgain("export", what, "--to", to, "--home", night.home)
    assert outcome.code == 0, outcome.err
    written = pd.read_csv(to) if ending == "csv" else pd.read_parquet(to)
    published = load_current(night.home).table(NAMES[what])
    assert list(written.columns) == list(published.columns)
    assert len(written) == len(published)
    assert f"{len(written):,} rows written to {to}" in outcome.out


def test_a_csv_can_be_written_for_a_spreadsheet_program(leadgain, night, tmp_path):
    to = tmp_path / "tiers.csv"
    leadgain("export", "tiers", "--to", to, "--home", night.home, "--separator", ";", "--excel")
    content = to.read_bytes()
    assert content.startswith(b'\xef\xbb\xbf"tier";"leads"')


@pytest.mark.parametrize(
    ("to", "more", "told"),
    [
        ("gains.xlsx", (), "ends in '.xlsx'; --to wants a file that ends in .csv or .parquet"),
        ("gains", (), "ends in 'nothing'"),
        ("none/gains.csv", (), "none is not there. Make it first."),
        ("gains.csv", ("--separator", "|"), "--separator is '|'; it must be a comma"),
    ],
)
def test_export_refuses_what_it_cannot_write(leadgain, night, tmp_path, to, more, told):
    outcome = leadgain("export", "gains", "--to", tmp_path / to, "--home", night.home, *more)
    assert outcome.code == 2
    assert told in outcome.err
    assert not list(tmp_path.iterdir())


def test_the_training_matrix_is_written_with_its_labels(leadgain, night, home, tmp_path):
    to = tmp_path / "matrix.parquet"
    outcome = leadgain("matrix", "--to", to, "--config", night.config, "--home", home)
    assert outcome.code == 0, outcome.err
    matrix = pd.read_parquet(to)
    assert list(matrix.columns[:4]) == ["lead_id", "as_of", "list_date", "converted"]
    assert "demo_request_7d" in matrix.columns
    assert 0 < matrix["converted"].mean() < 1
    assert f"{len(matrix):,} rows with {len(matrix.columns) - 4} features" in outcome.out


def test_leads_are_no_losses_after_the_end_of_the_export(leadgain, night, home, tmp_path):
    """Lists whose 14 days are over only after the export's end have no row, whatever as_of is."""
    command = ("matrix", "--config", night.config, "--home", home)
    leadgain(*command, "--to", tmp_path / "at_the_end.parquet")
    leadgain(*command, "--to", tmp_path / "later.parquet", "--as-of", "2025-01-01")
    keys = ["lead_id", "as_of", "converted"]
    at_the_end, later = (
        pd.read_parquet(tmp_path / f"{name}.parquet")[keys] for name in ("at_the_end", "later")
    )
    pd.testing.assert_frame_equal(later, at_the_end)


def test_a_matrix_that_cannot_be_written_is_refused_before_the_export_is_read(
    leadgain, tmp_path, home
):
    nowhere = tmp_path / "none" / "matrix.parquet"
    (tmp_path / "leadgain.toml").write_text('[leads]\nfile = "not_there.csv"\n')
    outcome = leadgain(
        "matrix", "--to", nowhere, "--config", tmp_path / "leadgain.toml", "--home", home
    )
    assert outcome.code == 2
    assert "Make it first" in outcome.err
