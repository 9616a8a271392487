"""Lines of a file of JSON records: their bytes as they are, in bounded pieces, each with its number in the file."""

from __future__ import annotations

import codecs
import json
import time
from collections.abc import Iterator
from typing import Protocol

import numpy as np
import pyarrow as pa

from bronze.folder import GIVEN_UP_SECONDS
from bronze.staging import Piece
from lakehouse.encodings import marked
from lakehouse.errors import InputFileError, UnfinishedFileError

_LINE_FEED = 10
_PIECE = 4 << 20
_LONGEST_LINE = 256 << 20
_LONGEST_JUDGED = 16 << 20
"""Whether a longer last line is whole is not looked into."""


class Readable(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""


def pieces(file: Readable, written_at: float) -> Iterator[Piece]:
    """Read the lines that are not empty: their numbers, from 1 as an editor has them, and their bytes as UTF-8.

    A line ends with a line feed, before which a carriage return is no part of it. A byte order mark says the encoding
    and is no part of the first line; UTF-16 and UTF-32 become UTF-8, all else stays as it is.

    Parameters
    ----------
    written_at : float
        When the file last changed, seconds since 1970.

    Raises
    ------
    UnfinishedFileError
        It is empty, or its last line has no end, is no whole object and may still become one.
    InputFileError
        A line is too long to be a record, or the text is not in the encoding that it says.
    """
    begun: list[bytes] = []
    number, size = 1, 0
    for text in _utf8(file, written_at):
        end = text.rfind(b"\n") + 1
        size += text.find(b"\n") if end else len(text)
        if size > _LONGEST_LINE:
            raise InputFileError(f"line {number} is longer than {_LONGEST_LINE >> 20} MiB")
        if not end:
            begun.append(text)
            continue
        lines = b"".join([*begun, text[:end]])
        begun, size = [text[end:]], len(text) - end
        piece, count = _split(lines, number)
        number += count
        if len(piece[0]):
            yield piece
    rest = b"".join(begun)
    begun.clear()
    if rest:
        _require_whole(rest, written_at)
        piece, _ = _split(rest + b"\n", number)
        if len(piece[0]):
            yield piece


def _split(lines: bytes, first: int) -> tuple[Piece, int]:
    """The lines that are not empty, none an object of Python, and how many there are with the empty ones."""
    if b"\r" in lines:
        lines = lines.replace(b"\r\n", b"\n")
    ends = np.flatnonzero(np.frombuffer(lines, np.uint8) == _LINE_FEED)
    count = len(ends)
    # Without the line feeds each line is nearer to the beginning by those before it.
    offsets = np.zeros(count + 1, np.int32)
    offsets[1:] = ends - np.arange(count)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(lines.replace(b"\n", b""))]
    values = pa.Array.from_buffers(pa.binary(), count, buffers)
    numbers = pa.array(np.arange(first, first + count))
    is_said = np.diff(offsets) > 0
    if not is_said.all():
        numbers, values = numbers.filter(pa.array(is_said)), values.filter(pa.array(is_said))
    return (numbers, values), count


def _utf8(file: Readable, written_at: float) -> Iterator[bytes]:
    """The text in pieces, without its mark."""
    piece = file.read(_PIECE)
    if not piece:
        raise UnfinishedFileError("it is empty")
    encoding = _encoding(piece[:4])
    if encoding in (None, "utf-8-sig"):
        yield piece.removeprefix(codecs.BOM_UTF8)
        while piece := file.read(_PIECE):
            yield piece
        return
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = 1
    while piece:
        try:
            text = decoder.decode(piece).encode()
        except UnicodeError:
            raise InputFileError(f"it is not {encoding.upper()} in line {lines} or soon after") from None
        yield text
        lines += text.count(b"\n")
        piece = file.read(_PIECE)
    if decoder.getstate()[0]:
        if written_at > time.time() - GIVEN_UP_SECONDS:
            raise UnfinishedFileError("its last character is half there: it is still being copied")
        raise InputFileError(f"it is not {encoding.upper()}: its last character is half there")


def _encoding(head: bytes) -> str | None:
    if encoding := marked(head):
        return encoding
    # A record begins with a brace and a quotation mark, and in UTF-16 every other byte of these is zero.
    return {b'{\0"\0': "utf-16-le", b'\0{\0"': "utf-16-be"}.get(head)


def _require_whole(last: bytes, written_at: float) -> None:
    if written_at > time.time() - GIVEN_UP_SECONDS and last.strip() and not _is_object(last):
        raise UnfinishedFileError(
            "its last line has no end: it is still being written, or needs one (it is taken as it is after an hour)"
        )


def _is_object(line: bytes) -> bool:
    """Whether a line is a JSON object, of which nothing can be missing."""
    if len(line) > _LONGEST_JUDGED or not line.rstrip().endswith(b"}"):
        return False
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
