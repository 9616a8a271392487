"""Rows of a CSV file by RFC 4180: quotes are doubled inside quotes, which may hold line breaks and delimiters."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from itertools import chain, count
from typing import BinaryIO

from bronze.column_names import each_once
from lakehouse.encodings import marked
from lakehouse.errors import InputFileError

_DELIMITERS = ",;\t|"
_LONGEST_LINE = 1_000_000


def rows(file: BinaryIO) -> Iterator[str]:
    """Turn each row into JSON: an object of the columns that the first line names, every value as the text it is.

    A row of more fields than there are names is a JSON array: which field belongs to which name nobody knows, and it is
    nobody's purchase. Of a shorter row the last columns are not there. Blank lines are no rows.

    Parameters
    ----------
    file : binary file
        UTF-8, or UTF-16 and UTF-32 with a byte order mark; delimited by comma, semicolon, tab or bar; lines end as they
        like.

    Raises
    ------
    InputFileError
        It breaks the rules, and in which line.
    """
    buffered = io.BufferedReader(file)  # type: ignore[type-var]
    text = io.TextIOWrapper(buffered, encoding=_encoding(buffered.peek(4)), newline="")
    records = _records(text)
    names = _names(next(records, None))
    # `json.dumps` would make one for each row.
    encode = json.JSONEncoder(ensure_ascii=False).encode
    for record in records:
        yield encode(_value(names, record))


def is_ended(tail: bytes) -> bool:
    """Whether the last bytes of a file are the end of a line, in any of the encodings."""
    return tail.rstrip(b"\0").endswith((b"\n", b"\r"))


def _encoding(head: bytes) -> str:
    if encoding := marked(head):
        return encoding
    # Names of columns begin with a letter of which UTF-16 has one byte that is zero.
    if len(head) > 1 and 0 in head[:2] and head[:2] != b"\0\0":
        return "utf-16-le" if head[1] == 0 else "utf-16-be"
    return "utf-8"


def _records(text: io.TextIOWrapper) -> Iterator[Sequence[str]]:
    """The records with at least one field, the names of the columns first."""
    lines = _lines(text)
    head = list(_up_to_names(lines))
    # A name with a delimiter of another kind in it, as `price;net`, has fewer of these.
    delimiter = max(_DELIMITERS, key=lambda sign: len(next(csv.reader(head[-1:], delimiter=sign), [])))
    reader = csv.reader(chain(head, lines), delimiter=delimiter, strict=True)
    while True:
        read = reader.line_num
        try:
            record = next(reader, None)
        except csv.Error as error:
            raise InputFileError(_said(error, read + 1)) from None
        if record is None:
            return
        if record:
            yield record


def _up_to_names(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield line
        if line.strip():
            return


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    """Lines of bounded length, so that a file without any does not fill the memory."""
    for number in count(1):
        try:
            line = text.readline(_LONGEST_LINE)
        except UnicodeDecodeError:
            # It is decoded in pieces ahead of the lines.
            raise InputFileError(f"it is not UTF-8 in line {number} or soon after: save it as UTF-8") from None
        if len(line) == _LONGEST_LINE:
            raise InputFileError(f"line {number} is longer than {_LONGEST_LINE:,} characters")
        if not line:
            return
        yield line


def _said(error: csv.Error, line: int) -> str:
    text = str(error)
    if "unexpected end of data" in text or "field limit" in text:
        return f"a quote in the row of line {line} is never closed"
    return f"the row of line {line} has a quote inside quotes that is not doubled"


def _names(record: Sequence[str] | None) -> Sequence[str]:
    if record is None:
        raise InputFileError("it is empty")
    # Trailing commas are columns without a name; what they hold is kept.
    return each_once([name.strip() or f"column {number}" for number, name in enumerate(record, start=1)])


def _value(names: Sequence[str], record: Sequence[str]) -> dict[str, str] | Sequence[str]:
    return record if any(record[len(names) :]) else dict(zip(names, record, strict=False))
