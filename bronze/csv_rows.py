"""Rows of a CSV file by RFC 4180: quotes are doubled inside quotes, which may hold line breaks and delimiters."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Collection, Iterator, Sequence
from itertools import chain, count
from typing import BinaryIO

from bronze.column_names import each_once
from lakehouse.encodings import marked
from lakehouse.errors import InputFileError
from lakehouse.events import identifier

_DELIMITERS = ",;\t|"
_LONGEST_LINE = 1_000_000
_WITH_FRACTION = re.compile(r"-?\d+\.0")
"""How a whole number is written that was kept as a float; `4711.00` is a price."""


def whole_columns(file: BinaryIO) -> Collection[int]:
    """Find the columns, by their place, of whole numbers that are written as 31.0, as pandas does beside a gap.

    Nothing else may stand in such a column, but what is no id: the rule that a replay has for ids.
    """
    records = _records(_text(file))
    width = len(_names(next(records, None)))
    candidates = dict.fromkeys(range(width), False)
    for record in records:
        # Digits alone, as most are, tell nothing.
        odd = [place for place in candidates if place < len(record) and not record[place].isdecimal()]
        for place in () if any(record[width:]) else odd:
            if (number := identifier(record[place])) is None:
                continue
            if not _is_whole(number):
                del candidates[place]
            elif not candidates[place]:
                candidates[place] = _WITH_FRACTION.fullmatch(number) is not None
        if not candidates:
            break
    return [place for place, is_written_with_fraction in candidates.items() if is_written_with_fraction]


def rows(file: BinaryIO, whole: Collection[int] = ()) -> Iterator[str]:
    """Turn each row into JSON: an object of the columns that the first line names, every value as the text it is.

    A row of more fields than there are names is a JSON array: which field belongs to which name nobody knows, and it is
    nobody's purchase. Of a shorter row the last columns are not there. Blank lines are no rows.

    Parameters
    ----------
    file : binary file
        UTF-8, or UTF-16 and UTF-32 with a byte order mark; delimited by comma, semicolon, tab or bar; lines end as they
        like.
    whole : collection of int
        What `whole_columns` found: there 31.0 is 31.

    Raises
    ------
    InputFileError
        It breaks the rules, and in which line.
    """
    records = _records(_text(file))
    names = _names(next(records, None))
    # `json.dumps` would make one for each row.
    encode = json.JSONEncoder(ensure_ascii=False).encode
    for record in records:
        yield encode(_value(names, _without_fractions(record, whole)))


def is_ended(tail: bytes) -> bool:
    """Whether the last bytes of a file are the end of a line, in any of the encodings."""
    return tail.rstrip(b"\0").endswith((b"\n", b"\r"))


def _text(file: BinaryIO) -> io.TextIOWrapper:
    buffered = io.BufferedReader(file)  # type: ignore[type-var]
    return io.TextIOWrapper(buffered, encoding=_encoding(buffered.peek(4)), newline="")


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


def _is_whole(number: str) -> bool:
    try:
        return float(number).is_integer()
    except ValueError:
        return False


def _without_fractions(record: Sequence[str], whole: Collection[int]) -> Sequence[str]:
    if not whole:
        return record
    return [value.partition(".")[0] if place in whole else value for place, value in enumerate(record)]


def _value(names: Sequence[str], record: Sequence[str]) -> dict[str, str] | Sequence[str]:
    return record if any(record[len(names) :]) else dict(zip(names, record, strict=False))
