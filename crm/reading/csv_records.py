"""Where the records of a text file begin: a second reader beside DuckDB, for lines and counts.

DuckDB tells neither the physical line of a row (quoted cells may hold newlines) nor, reliably, how
many rows a file has. So the file's structure is read here, apart from its content: newlines that do
not stand between quotes end a record. What DuckDB then yields is held against this count.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

CHUNK_BYTES = 1 << 24

_NEWLINE, _RETURN, _QUOTE = 10, 13, 34
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Records:
    """The records of a file, blank ones included, the header among them.

    Attributes
    ----------
    line : ndarray of int64; the physical line, from 1, on which each record begins
    blank : ndarray of bool; the record holds nothing at all (readers skip it)
    unclosed : the line of a quote that is never closed, or None
    mixed_newlines : lines end in different ways, or with a carriage return alone
    """

    line: NDArray[np.int64]
    blank: NDArray[np.bool_]
    unclosed_quote_line: int | None
    mixed_newlines: bool


def read_records(
    chunks: Iterable[bytes], reopen: Callable[[], BinaryIO], separator: str
) -> Records:
    r"""The records of a CSV file in UTF-8.

    Parameters
    ----------
    chunks : the whole file, a few megabytes at a time
    reopen : opens the file once more, where a stray quote asks for a slower, stricter reading
    separator : one ASCII character

    >>> import io
    >>> text = b'id,note\n1,"two\nlines"\n\n2,one\n'
    >>> records = read_records([text], lambda: io.BytesIO(text), ",")
    >>> records.line.tolist(), records.blank.tolist()
    ([1, 2, 4, 5], [False, False, True, False])
    """
    scan = _RecordScanner(ord(separator))
    for number, chunk in enumerate(chunks):
        scan.feed(chunk if number else chunk.removeprefix(BYTE_ORDER_MARK))
        if scan.stray:
            break
    if scan.stray or scan.in_quotes:
        with reopen() as stream:
            return _read_strictly(stream, separator.encode())
    return scan.finish()


class _RecordScanner:
    """The fast reading: all quotes and newlines of a chunk at once.

    A newline ends a record when an even number of quotes stands before it. That holds in a file
    whose quotes open at a cell's begin and close at its end; any other quote sets ``stray``.
    """

    def __init__(self, separator: int) -> None:
        self.openers = np.array([separator, _NEWLINE, _RETURN, _QUOTE], np.uint8)
        self.stray = False
        self.in_quotes = False
        self.newlines = 0
        self.last = _NEWLINE  # the byte before the chunk; a file begins like a line
        self.length = 0  # bytes of the record that is under way
        self.lines = [np.ones(1, np.int64)]
        self.blanks: list[NDArray[np.bool_]] = []
        self.styles: set[str] = set()

    def feed(self, chunk: bytes) -> None:
        """Take in the next bytes of the file."""
        if not chunk:
            return
        data = np.frombuffer(chunk, np.uint8)
        before = np.empty_like(data)
        before[0], before[1:] = self.last, data[:-1]
        quotes = np.flatnonzero(data == _QUOTE) if b'"' in chunk else np.empty(0, np.int64)
        self._check_quotes(data, before, quotes)
        newlines = np.flatnonzero(data == _NEWLINE)
        ends = newlines[self._find_unquoted(quotes, newlines)]
        self._check_newlines(data, before, quotes, ends)
        line = self.newlines + np.searchsorted(newlines, ends) + 2
        self.lines.append(line.astype(np.int64))
        starts = np.concatenate([[-self.length], ends[:-1] + 1]) if len(ends) else ends
        lengths = ends - starts
        self.blanks.append((lengths == 0) | ((lengths == 1) & (before[ends] == _RETURN)))
        self.length = len(data) - (ends[-1] + 1) if len(ends) else self.length + len(data)
        self.newlines += len(newlines)
        self.in_quotes ^= bool(len(quotes) % 2)
        self.last = int(data[-1])

    def finish(self) -> Records:
        """The records read; a last one without a newline counts."""
        line = np.concatenate(self.lines)
        if self.length:
            self.blanks.append(np.array([self.length == 1 and self.last == _RETURN]))
            if self.last == _RETURN:
                self.styles.add("\r")
        else:
            line = line[:-1]
        blank = np.concatenate(self.blanks) if self.blanks else np.empty(0, np.bool_)
        return Records(line, blank, None, bool(self.styles - {"\n"}) and self.styles != {"\r\n"})

    def _find_unquoted(self, quotes: NDArray[np.int64], at: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which positions do not stand between quotes."""
        outside: NDArray[np.bool_] = (np.searchsorted(quotes, at) + self.in_quotes) % 2 == 0
        return outside

    def _check_quotes(
        self, data: NDArray[np.uint8], before: NDArray[np.uint8], quotes: NDArray[np.int64]
    ) -> None:
        opens = (np.arange(len(quotes)) + self.in_quotes) % 2 == 0
        opening, closing = quotes[opens], quotes[~opens]
        closing = closing[closing + 1 < len(data)]
        after = data[closing + 1]
        closed_before = self.last == _QUOTE and not self.in_quotes and self.length > 0
        self.stray = not (
            np.isin(before[opening], self.openers).all()
            and np.isin(after, self.openers).all()
            and (not closed_before or data[0] in self.openers)
        )

    def _check_newlines(
        self,
        data: NDArray[np.uint8],
        before: NDArray[np.uint8],
        quotes: NDArray[np.int64],
        ends: NDArray[np.int64],
    ) -> None:
        returned = before[ends] == _RETURN
        if returned.any():
            self.styles.add("\r\n")
        if not returned.all():
            self.styles.add("\n")
        alone = np.flatnonzero((before == _RETURN) & (data != _NEWLINE))
        if self._find_unquoted(quotes, alone).any():
            self.styles.add("\r")


def _read_strictly(stream: BinaryIO, separator: bytes) -> Records:
    """The slow reading, a line at a time, for files with stray or unclosed quotes."""
    lines: list[int] = []
    blanks: list[bool] = []
    styles: set[bool] = set()
    in_quotes, opened = False, 0
    number = 0
    for number, raw in enumerate(_drop_byte_order_mark(stream), 1):
        text = raw.rstrip(b"\r\n")
        position = 0
        if not in_quotes:
            lines.append(number)
            blanks.append(not text)
            opened = number
        while position <= len(text):
            if not in_quotes and text[position : position + 1] != b'"':
                found = text.find(separator, position)
                position = len(text) + 1 if found < 0 else found + 1
                continue
            position, in_quotes = _skip_quoted(text, position + (not in_quotes))
            if in_quotes:
                break
            position += len(text) - position - len(text[position:].lstrip(b" "))
            if position < len(text) and text[position : position + 1] != separator:
                if opened < number:  # a quote that spans lines and then closes amid a cell
                    return Records(np.array(lines), np.array(blanks), opened, False)
                break  # a stray quote on one line: the row is malformed, the next one is not
            position += 1
        if not in_quotes and raw.endswith(b"\n"):
            styles.add(raw.endswith(b"\r\n"))
    unclosed = opened if in_quotes else None
    return Records(np.array(lines, np.int64), np.array(blanks, np.bool_), unclosed, len(styles) > 1)


def _skip_quoted(text: bytes, position: int) -> tuple[int, bool]:
    """From inside a quoted cell: the position after its end, and whether it is still open."""
    while True:
        quote = text.find(b'"', position)
        if quote < 0:
            return len(text), True
        if text[quote + 1 : quote + 2] != b'"':
            return quote + 1, False
        position = quote + 2


def _drop_byte_order_mark(stream: BinaryIO) -> Iterator[bytes]:
    if first := stream.readline().removeprefix(BYTE_ORDER_MARK):
        yield first
    yield from stream
