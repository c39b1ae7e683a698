import csv
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.reading.csv_records import _read_strictly, read_records


def records(text: str | bytes, separator: str = ",", chunk: int = 7):
    data = text.encode() if isinstance(text, str) else text
    chunks = [data[i : i + chunk] for i in range(0, len(data), chunk)]
    return read_records(chunks, lambda: io.BytesIO(data), separator)


def rows(text: str, separator: str = ",") -> list[tuple[int, bool]]:
    found = records(text, separator)
    return list(zip(found.line.tolist(), found.blank.tolist(), strict=True))


def test_each_line_is_a_record() -> None:
    assert rows("a,b\n1,2\n3,4\n") == [(1, False), (2, False), (3, False)]


def test_a_last_line_without_a_newline_counts() -> None:
    assert rows("a,b\n1,2") == [(1, False), (2, False)]


def test_a_blank_line_is_told_apart_also_with_windows_line_ends() -> None:
    assert rows("a,b\n\n1,2\n") == [(1, False), (2, True), (3, False)]
    assert rows("a,b\r\n\r\n1,2\r\n") == [(1, False), (2, True), (3, False)]


def test_a_newline_in_quotes_ends_no_record() -> None:
    assert rows('a,b\n1,"x\ny\nz"\n2,3\n') == [(1, False), (2, False), (5, False)]


def test_a_doubled_quote_is_a_quote_in_the_cell() -> None:
    assert rows('a,b\n1,"say ""hi""\nthere"\n2,3\n') == [(1, False), (2, False), (4, False)]


def test_a_quote_amid_a_plain_cell_means_nothing() -> None:
    assert rows('a,b\n1,6" pipe\n2,3\n') == [(1, False), (2, False), (3, False)]


def test_an_unclosed_quote_is_named_by_its_line() -> None:
    assert records('a,b\n1,2\n2,"oops\n3,4\n').unclosed_quote_line == 3
    assert records('a,b\n1,2\n2,"oops\n3,"x"\n').unclosed_quote_line == 3
    assert records('a,b\n1,"fine"\n').unclosed_quote_line is None


def test_text_after_a_closing_quote_spoils_its_line_only() -> None:
    found = records('a,b\n1,"x" y\n2,3\n')
    assert (found.line.tolist(), found.unclosed_quote_line) == ([1, 2, 3], None)


def test_a_space_after_a_closing_quote_is_no_harm() -> None:
    assert rows('a,b\n1,"x" \n2,"p" ,"q\nr"\n3,4\n') == [
        *((1, False), (2, False)),
        *((3, False), (5, False)),
    ]


def test_a_byte_order_mark_is_no_part_of_the_first_cell() -> None:
    found = records(b'\xef\xbb\xbf"a","b"\n1,2\n', chunk=100)
    assert found.line.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("text", "mixed"),
    [
        ("a\n1\n", False),
        ("a\r\n1\r\n", False),
        ("a\r\n1\n", True),
        ("a\r1\r", True),
        ('a\n"x\r\ny"\n', False),
        ('a\n"x\ry"\n', False),
        ("a\nx\ry\n", True),
    ],
)
def test_line_ends_that_differ_are_noticed_outside_of_quotes(text: str, mixed: bool) -> None:
    for chunk in (1, 2, 100):
        assert records(text, chunk=chunk).mixed_newlines is mixed


cell = st.text(alphabet='ab ,"\n;', max_size=5)
table = st.lists(st.lists(cell, min_size=2, max_size=3), min_size=1, max_size=8)


@given(table, st.integers(1, 20), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_records_of_a_well_formed_file_equal_those_of_the_csv_module(
    cells: list[list[str]], chunk: int, newline: str, quote_all: bool
) -> None:
    written = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL
    writer = csv.writer(written, lineterminator=newline, quoting=quoting)
    lines = []
    for row in cells:
        lines.append(written.getvalue().count("\n") + 1)
        writer.writerow(row)
    data = written.getvalue().encode()
    found = records(data, chunk=chunk)
    assert found.line.tolist() == lines
    assert not found.blank.any()
    assert found.unclosed_quote_line is None


@given(st.text(alphabet='a,"\n', max_size=30), st.integers(1, 9))
def test_the_fast_reading_equals_the_strict_one_where_it_is_used(text: str, chunk: int) -> None:
    fast = records(text, chunk=chunk)
    strict = _read_strictly(io.BytesIO(text.encode()), b",")
    assert fast.unclosed_quote_line == strict.unclosed_quote_line
    if fast.unclosed_quote_line is None:
        np.testing.assert_array_equal(fast.line, strict.line)
        np.testing.assert_array_equal(fast.blank, strict.blank)
