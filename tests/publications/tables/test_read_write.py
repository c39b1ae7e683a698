"""Large tables: written part by part, read lead by lead."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from publications.tables.read_write import read_rows_of_rank, read_table, write_table_parts


def build_reasons(first: int, last: int, facts: int = 3) -> pd.DataFrame:
    """Three facts of each lead from one rank to another."""
    rank = np.repeat(np.arange(first, last + 1), facts)
    return pd.DataFrame(
        {
            "rank": rank,
            "lead_id": pd.Series([f"lead-{n}" for n in rank], dtype="str"),
            "position": np.tile(np.arange(1, facts + 1), last + 1 - first),
            "fact": pd.Series([f"Called {n} times" for n in rank], dtype="str"),
            "contribution": rank / 8,
        }
    )


def test_parts_make_one_table(tmp_path: Path) -> None:
    write_table_parts(tmp_path, "reasons.parquet", [build_reasons(1, 4), build_reasons(5, 9)])
    found = read_table((tmp_path / "reasons.parquet").read_bytes(), "reasons.parquet")
    pd.testing.assert_frame_equal(found, build_reasons(1, 9))


def test_equal_parts_give_equal_bytes(tmp_path: Path) -> None:
    written = []
    for place in ("one", "two"):
        (tmp_path / place).mkdir()
        write_table_parts(
            tmp_path / place, "reasons.parquet", [build_reasons(1, 4), build_reasons(5, 9)]
        )
        written.append((tmp_path / place / "reasons.parquet").read_bytes())
    assert written[0] == written[1]


@pytest.mark.parametrize("rank", range(11))
def test_a_leads_rows_are_the_same_as_those_of_the_whole_table(tmp_path: Path, rank: int) -> None:
    write_table_parts(tmp_path, "reasons.parquet", [build_reasons(1, 4), build_reasons(5, 9)])
    whole = build_reasons(1, 9)
    expected = whole[whole["rank"] == rank].reset_index(drop=True)
    found = read_rows_of_rank(tmp_path / "reasons.parquet", rank)
    pd.testing.assert_frame_equal(found, expected)


def test_a_lead_between_two_parts_is_found_whole(tmp_path: Path) -> None:
    parts = [
        build_reasons(1, 4).iloc[:-1],
        build_reasons(1, 9).iloc[11:],
    ]  # rank 4 begins in the first part
    write_table_parts(tmp_path, "reasons.parquet", parts)
    assert read_rows_of_rank(tmp_path / "reasons.parquet", 4)["position"].tolist() == [1, 2, 3]


def test_an_empty_list_has_an_empty_table(tmp_path: Path) -> None:
    write_table_parts(tmp_path, "reasons.parquet", [build_reasons(1, 0)])
    assert read_rows_of_rank(tmp_path / "reasons.parquet", 1).empty
    assert read_table((tmp_path / "reasons.parquet").read_bytes(), "reasons.parquet").empty


def test_a_part_without_an_agreed_column_is_refused(tmp_path: Path) -> None:
    parts = [build_reasons(1, 4), build_reasons(5, 9).drop(columns="fact")]
    with pytest.raises(ValueError, match=r"reasons\.parquet lacks fact"):
        write_table_parts(tmp_path, "reasons.parquet", parts)


def test_one_changed_byte_is_noticed_by_whoever_reads_that_part(tmp_path: Path) -> None:
    write_table_parts(
        tmp_path, "reasons.parquet", [build_reasons(1, 2_000), build_reasons(2_001, 2_500)]
    )
    path = tmp_path / "reasons.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1  # in the first part, which is four fifths of the file
    path.write_bytes(content)
    assert len(read_rows_of_rank(path, 2_400)) == 3
    with pytest.raises(OSError, match="CRC"):
        read_rows_of_rank(path, 1_000)
