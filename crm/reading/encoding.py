"""The bytes of an export's file: what they look like, whether they are whole, in which encoding."""

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from crm.errors import DataRefused
from crm.reading.csv_records import CHUNK_BYTES

GZIP_SIGNATURE = b"\x1f\x8b"
PARQUET_SIGNATURE = b"PAR1"
OTHER_SIGNATURES = (
    (b"PK\x03\x04", "an Excel workbook or another zip archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)"),
    (b"%PDF", "a PDF"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"SQLite format 3", "an SQLite database"),
)
"""How files begin that are sometimes saved under the name of a CSV."""

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
HEAD_BYTES = 1 << 20


@dataclass(frozen=True)
class TextFile:
    """A text file, plain or gzipped, that is or will be read as UTF-8.

    ``name`` is what messages call it; ``encoding`` is what its bytes are in.
    """

    path: Path
    name: str
    gzipped: bool
    encoding: str

    def open(self) -> BinaryIO:
        """The file's bytes, unpacked."""
        if self.gzipped:
            return io.BufferedReader(gzip.open(self.path, "rb"))
        return self.path.open("rb")

    def chunks(self) -> Iterator[bytes]:
        """The unpacked bytes, some megabytes at a time.

        Raises
        ------
        DataRefused
            The archive is truncated or damaged, or the file cannot be read.
        """
        try:
            with self.open() as stream:
                while chunk := stream.read(CHUNK_BYTES):
                    yield chunk
        except EOFError:
            raise DataRefused(
                f"{self.name} is truncated: the gzip archive breaks off. Nothing was read; "
                "export or transfer the file again."
            ) from None
        except (gzip.BadGzipFile, zlib.error):
            raise DataRefused(
                f"{self.name} is a damaged gzip archive. Nothing was read; export or transfer "
                "the file again."
            ) from None
        except OSError as error:
            raise DataRefused(f"{self.name} cannot be read: {error.strerror}.") from None


def detect_other_format(head: bytes) -> str | None:
    """What a file is that is no table, by its first bytes; None if nothing speaks against it.

    >>> detect_other_format(b"<!DOCTYPE html><html>")
    'an HTML page (perhaps a login page)'
    >>> detect_other_format(b"lead_id,created_at") is None
    True
    """
    for signature, meaning in OTHER_SIGNATURES:
        if head.startswith(signature):
            return meaning
    begin = head.removeprefix(codecs.BOM_UTF8).lstrip()[:256].lower()
    if begin.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "an HTML page (perhaps a login page)"
    if begin.startswith((b"<?xml", b"<")):
        return "XML or HTML"
    if begin.startswith((b"{", b"[")):
        return "JSON"
    return None


def open_text(path: Path, name: str, declared: str) -> TextFile:
    """A text file with its encoding: declared, told by a byte order mark, or else UTF-8.

    Raises
    ------
    DataRefused
        The file is empty, damaged, or is something else, and the message says what.
    """
    with path.open("rb") as stream:
        gzipped = stream.read(2) == GZIP_SIGNATURE
    file = TextFile(path, name, gzipped, declared or "utf-8")
    head = read_head(file)
    if (found := detect_other_format(head)) is not None:
        raise DataRefused(
            f"{name} looks like {found}, not like a table in CSV. Export it as CSV, TSV or Parquet."
        )
    for mark, encoding in BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return TextFile(path, name, gzipped, encoding)
    return file


def read_head(file: TextFile) -> bytes:
    """The begin of a file, up to a megabyte.

    Raises
    ------
    DataRefused
        There is nothing in it.
    """
    head = next(file.chunks(), b"")[:HEAD_BYTES]
    if not head.strip(b"\x00 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise DataRefused(f"{file.name} is empty: it has no header. Export it again.")
    return head


def read_utf8_chunks(file: TextFile) -> Iterator[bytes]:
    """The chunks of a UTF-8 file, each checked to be text.

    Raises
    ------
    DataRefused
        Bytes that are not UTF-8, with the offset of the first.
    """
    decoder = _Decoder(file.name, "utf-8")
    for chunk in file.chunks():
        if chunk.isascii() and not decoder.read_pending_bytes():
            decoder.offset += len(chunk)
        else:
            decoder.text(chunk)
        yield chunk
    decoder.text(b"", final=True)


def rewrite_as_utf8(file: TextFile, path: Path) -> TextFile:
    """A copy of the file in UTF-8 whose lines all end in a newline.

    Raises
    ------
    DataRefused
        Bytes that are not text in the file's encoding, with the offset of the first.
    """
    decoder = _Decoder(file.name, file.encoding)
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    with path.open("wb") as copy:
        for chunk in file.chunks():
            copy.write(newlines.decode(decoder.text(chunk)).encode())
        copy.write(newlines.decode(decoder.text(b"", final=True), final=True).encode())
    return TextFile(path, file.name, gzipped=False, encoding="utf-8")


class _Decoder:
    """Decodes chunk after chunk, and refuses bytes that are no text by their offset in the file."""

    def __init__(self, name: str, encoding: str) -> None:
        self.name, self.encoding = name, encoding
        self.decoder = codecs.getincrementaldecoder(encoding)()
        self.offset = 0

    def text(self, chunk: bytes, *, final: bool = False) -> str:
        """The chunk as text; a character that it cuts through comes with the next."""
        held = len(self.read_pending_bytes())
        try:
            text = self.decoder.decode(chunk, final)
        except UnicodeDecodeError as error:
            raise self.refusal(self.offset - held + error.start) from None
        self.offset += len(chunk)
        return text

    def read_pending_bytes(self) -> bytes:
        """The begin of a character whose other bytes are in the next chunk."""
        state = self.decoder.getstate()[0]
        return state if isinstance(state, bytes) else b""

    def refusal(self, offset: int) -> DataRefused:
        """What is said of bytes that are no text."""
        if self.encoding == "utf-8":
            hint = (
                "Export it as UTF-8, or, if you know the encoding, name it in leadgain.toml: "
                'encoding = "cp1252".'
            )
        else:
            hint = "Export it as UTF-8, or correct the encoding in leadgain.toml."
        return DataRefused(
            f"{self.name} is not text in {self.encoding.upper()}: byte {offset:,} (from 0, "
            f"unpacked) is not a valid character. {hint}"
        )
