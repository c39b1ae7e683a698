import gzip
from pathlib import Path

import pytest

from crm.errors import DataRefused
from crm.reading.encoding import (
    TextFile,
    detect_other_format,
    open_text,
    read_utf8_chunks,
    rewrite_as_utf8,
)

TABLE = b"lead_id,created_at\na,2024-01-01\n"


@pytest.fixture
def file(tmp_path: Path):
    def file(data: bytes, declared: str = "") -> TextFile:
        path = tmp_path / "leads.csv"
        path.write_bytes(data)
        return open_text(path, "leads.csv", declared)

    return file


def read_text(file: TextFile) -> bytes:
    return b"".join(read_utf8_chunks(file))


def test_a_gzipped_file_is_unpacked_whatever_it_is_called(file) -> None:
    assert read_text(file(gzip.compress(TABLE))) == TABLE


def test_a_truncated_archive_is_refused(file) -> None:
    packed = gzip.compress(bytes(range(256)) * 20_000)
    with pytest.raises(DataRefused, match=r"leads\.csv is truncated: the gzip archive breaks off"):
        read_text(file(packed[: len(packed) // 2]))


def test_a_damaged_archive_is_refused(file) -> None:
    packed = bytearray(gzip.compress(TABLE * 1000))
    packed[-6] ^= 0xFF  # in the checksum
    with pytest.raises(DataRefused, match="damaged gzip archive"):
        read_text(file(bytes(packed)))


@pytest.mark.parametrize("data", [b"", b"\n\n", b"  ", b"\xff\xfe", gzip.compress(b"", mtime=0)])
def test_an_empty_file_is_refused(file, data: bytes) -> None:
    with pytest.raises(DataRefused, match=r"leads\.csv is empty: it has no header"):
        file(data)


@pytest.mark.parametrize(
    ("data", "meaning"),
    [
        (b"<!DOCTYPE html><html><body>Please log in</body></html>", "an HTML page"),
        (b"\xef\xbb\xbf\n<HTML>", "an HTML page"),
        (b"PK\x03\x04 workbook", "an Excel workbook"),
        (b'{"results": []}', "JSON"),
        (b"%PDF-1.7", "a PDF"),
    ],
)
def test_a_file_that_is_no_table_is_refused_by_what_it_looks_like(file, data, meaning) -> None:
    assert meaning in detect_other_format(data)
    with pytest.raises(DataRefused, match=f"looks like {meaning}"):
        file(data)


def test_bytes_that_are_no_text_are_refused_by_their_offset(file) -> None:
    # "lead_id,created_at\ncaf" is 19 + 3 bytes long, so the next one is byte 22 from 0.
    with pytest.raises(
        DataRefused, match=r'byte 22 .* is not a valid character.*encoding = "cp1252"'
    ):
        read_text(file(b"lead_id,created_at\ncaf\xe9,2024-01-01\n"))


def test_a_character_cut_off_at_the_end_is_refused_by_its_offset(file) -> None:
    with pytest.raises(DataRefused, match="byte 32 "):
        read_text(file(TABLE + "é".encode()[:1]))


def test_the_offset_counts_across_chunks(file, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm.reading.encoding.CHUNK_BYTES", 5)
    assert read_text(file("id,ü€😀\n".encode() * 3)) == "id,ü€😀\n".encode() * 3
    with pytest.raises(DataRefused, match="byte 14 "):
        read_text(file("id,ü€😀\n".encode() + b"a\xff"))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-32"])
def test_a_byte_order_mark_tells_the_encoding(file, tmp_path: Path, encoding: str) -> None:
    found = file("lead_id,näme\na,b\n".encode(encoding))
    assert found.encoding == encoding
    assert read_text(rewrite_as_utf8(found, tmp_path / "copy")) == "lead_id,näme\na,b\n".encode()


def test_a_declared_encoding_is_taken(file, tmp_path: Path) -> None:
    found = file("lead_id,näme\r\na,b\r\n".encode("cp1252"), "cp1252")
    assert read_text(rewrite_as_utf8(found, tmp_path / "copy")) == "lead_id,näme\na,b\n".encode()


def test_a_wrong_declaration_is_refused_by_the_offset(file, tmp_path: Path) -> None:
    with pytest.raises(DataRefused, match=r"not text in CP1252: byte 2 .* correct the encoding"):
        rewrite_as_utf8(file(b"id\x81,b\n", "cp1252"), tmp_path / "copy")
