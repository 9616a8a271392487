"""Lines of files of records, however they are written and compressed; no Spark."""

import codecs
import io
import time

import pytest

from bronze import json_lines
from bronze.json_lines import pieces
from lakehouse.errors import InputFileError, UnfinishedFileError

LONG_AGO = 0.0
A, B = b'{"a":1}', b'{"b":"\xc3\xbc"}'


def read(content, written_at=None):
    """The lines of a content that was just written, by their numbers."""
    found = pieces(io.BytesIO(content), time.time() if written_at is None else written_at)
    return {n: v for numbers, values in found for n, v in zip(numbers.to_pylist(), values.to_pylist(), strict=True)}


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (A + b"\n" + B + b"\n", {1: A, 2: B}),
        (A + b"\r\n" + B + b"\r\n", {1: A, 2: B}),
        (A + b"\r\n\r\n\n" + B + b"\n", {1: A, 4: B}),
        (A + b"\n" + B, {1: A, 2: B}),
        (b"\n\n", {}),
        (b"\xff\x00 no text\n \n" + A + b"\n", {1: b"\xff\x00 no text", 2: b" ", 3: A}),
        (b'{"a":\r1}\n', {1: b'{"a":\r1}'}),
    ],
)
def test_lines_are_kept_as_they_are_with_their_numbers(content, lines):
    assert read(content) == lines


@pytest.mark.parametrize(
    "content",
    [
        codecs.BOM_UTF8 + A + b"\n" + B + b"\n",
        (A + b"\r\n" + B + b"\r\n").decode().encode("utf-16"),
        codecs.BOM_UTF16_BE + (A + b"\n" + B).decode().encode("utf-16-be"),
        (A + b"\n" + B + b"\n").decode().encode("utf-16-le"),
        (A + b"\n" + B + b"\n").decode().encode("utf-16-be"),
        (A + b"\n" + B + b"\n").decode().encode("utf-32"),
    ],
)
@pytest.mark.parametrize("piece", [7, 1 << 20])
def test_unicode_is_read_in_each_of_its_encodings(content, piece, monkeypatch):
    monkeypatch.setattr(json_lines, "_PIECE", piece)

    assert read(content) == {1: A, 2: B}


def test_lines_longer_than_a_piece_are_whole(monkeypatch):
    monkeypatch.setattr(json_lines, "_PIECE", 5)
    long = b'{"a":"' + b"x" * 1000 + b'"}'

    assert read(b"\n" + long + b"\n" + A + b"\n\n" + long) == {2: long, 3: A, 5: long}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (A + b"\n" + A[:-1], "its last line has no end"),
        (A + b"\n1", "its last line has no end"),
        (A + b'\n"}', "its last line has no end"),
        (A.decode().encode("utf-16")[:-1], "its last character is half there"),
    ],
)
def test_what_may_still_be_written_waits(content, reason):
    with pytest.raises(UnfinishedFileError, match=reason):
        read(content)


def test_a_last_line_that_has_got_no_end_for_an_hour_is_taken_as_it_is():
    assert read(A + b"\n" + A[:-1], LONG_AGO) == {1: A, 2: A[:-1]}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (codecs.BOM_UTF16_LE + (A + b"\n").decode().encode("utf-16-le") + b"\x00\xdc\x00\x00", "not UTF-16 in line"),
        (A.decode().encode("utf-16")[:-1], "its last character is half there"),
    ],
)
def test_what_is_not_in_the_encoding_that_it_says_is_refused(content, reason):
    with pytest.raises(InputFileError, match=reason) as raised:
        read(content, LONG_AGO)

    assert not isinstance(raised.value, UnfinishedFileError)


def test_a_line_without_end_is_refused_before_it_fills_the_memory(monkeypatch):
    monkeypatch.setattr(json_lines, "_LONGEST_LINE", 3 << 20)
    monkeypatch.setattr(json_lines, "_PIECE", 1 << 20)
    file = io.BytesIO(A + b"\n" + b" " * (50 << 20))

    with pytest.raises(InputFileError, match="line 2 is longer than 3 MiB"):
        list(pieces(file, LONG_AGO))
    assert file.tell() < 6 << 20


def test_pieces_are_bounded(monkeypatch):
    monkeypatch.setattr(json_lines, "_PIECE", 1 << 10)

    sizes = [values.nbytes for _, values in pieces(io.BytesIO((A + b"\n") * 10_000), LONG_AGO)]

    assert len(sizes) > 50
    assert max(sizes) < 4 << 10
