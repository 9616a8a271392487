"""Delimited text (CSV and its relatives): the rows of lines, each broken line by itself."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple

from producers.replay.files import is_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BATCH_LINES, BATCH_CHARACTERS = 50_000, 16 << 20
LONGEST_ROW_LINES = 500
"""Lines that a row may have, by line breaks inside quotes; a quote that stays open longer was never closed."""

QUOTES, WIDTH, BYTES = "quotes that do not match", "too few or too many fields", "bytes that are not UTF-8"
"""Why a line is no row."""

# Of as many columns the first: two colons are not there by chance.
_DELIMITERS = ("::", ",", ";", "\t", "|")
_QUOTE = '"'


class Broken(NamedTuple):
    """A line that is no row: its number, itself, and why."""

    line: int
    text: str
    reason: str


class Batch(NamedTuple):
    """Rows, as columns, with the numbers of their lines, and the broken lines between them."""

    lines: Sequence[int]
    columns: Sequence[Sequence[str]]
    broken: Sequence[Broken]


@dataclass(frozen=True)
class Dialect:
    """How the lines of a file are written.

    Attributes
    ----------
    skip : int
        Lines before the first row.
    """

    delimiter: str
    columns: tuple[str, ...]
    skip: int


def dialect_of(head: str, columns: Sequence[str] | None) -> Dialect:
    """Find out how lines are written from the first of them, which names the columns if `columns` does not."""
    # Not `splitlines`, which ends lines also where a file that is read does not.
    lines = head.split("\n")
    skip = next((number for number, line in enumerate(lines) if line.strip()), 0)
    first = lines[skip] if lines else ""
    delimiter = None
    if first.lower().startswith("sep=") and len(first.rstrip()) == len("sep=") + 1:
        # What Excel reads, and writes for itself.
        delimiter, skip = first.rstrip()[-1], skip + 1
        first = lines[skip] if len(lines) > skip else ""
    if delimiter is None:
        delimiter = max(_DELIMITERS, key=lambda candidate: _width(first, candidate, columns))
        delimiter = delimiter if delimiter in first else ","
    first = first.replace("\0", "")
    found = [name.strip(" \ufeff\u00a0") for name in _fields(first, delimiter) or first.split(delimiter)]
    if columns is None:
        return Dialect(delimiter, _distinct(found), skip + 1)
    is_header = [name.lower() for name in found] == [name.lower() for name in columns]
    return Dialect(delimiter, _distinct(columns), skip + is_header)


def batches(lines: Iterator[str], dialect: Dialect) -> Iterator[Batch]:
    """Yield the rows of lines.

    A row ends with its line, unless a quote is open; a quote that is not closed, or closes where no row can end, breaks
    its own line only. Blank lines are none.
    """
    number = sum(1 for _ in islice(lines, dialect.skip))
    ahead: list[str] = []
    while chunk := [*ahead, *_some(lines, BATCH_LINES)]:
        if plain := _plain(chunk, number + 1, dialect):
            ahead = []
            number += len(chunk)
            yield plain
            continue
        numbers, rows, broken = [], [], []
        position, end = 0, len(chunk)
        while position < end:
            if position + LONGEST_ROW_LINES > len(chunk):
                chunk += _some(lines, LONGEST_ROW_LINES)
            line = chunk[position].rstrip("\n").replace("\0", "")
            position, number = position + 1, number + 1
            row, more, reason = _row(line, chunk, position, dialect)
            if row is not None and all(map(is_text, (line, *chunk[position : position + more]))):
                numbers.append(number)
                rows.append(row)
                position, number = position + more, number + more
            elif line.strip():
                broken.append(Broken(number, line, reason if is_text(line) else BYTES))
        ahead = chunk[position:]
        yield Batch(numbers, list(zip(*rows, strict=True)), broken)


def _some(lines: Iterator[str], most: int) -> Iterator[str]:
    """The next lines, fewer if they are long."""
    size = 0
    for line in islice(lines, most):
        yield line
        size += len(line)
        if size >= BATCH_CHARACTERS:
            return


def _plain(chunk: list[str], first: int, dialect: Dialect) -> Batch | None:
    """Split lines all at once, which is fast: where there is no quote and each has as many fields as it should."""
    width, delimiter = len(dialect.columns), dialect.delimiter
    text = "".join(chunk)
    if _QUOTE in text or "\0" in text or {line.count(delimiter) for line in chunk} != {width - 1}:
        return None
    if not is_text(text) or "\n" in chunk:
        return None
    fields = text.removesuffix("\n").replace("\n", delimiter).split(delimiter)
    return Batch(range(first, first + len(chunk)), [fields[column::width] for column in range(width)], ())


def _row(line: str, chunk: list[str], position: int, dialect: Dialect) -> tuple[Sequence[str] | None, int, str]:
    """Find the fields of a row that begins with `line`, how many more lines it takes, and else why it is none."""
    width = len(dialect.columns)
    fields, more, reason = (line.split(dialect.delimiter), 0, WIDTH)
    if _QUOTE in line:
        found, more = _quoted(line, chunk, position, dialect)
        if found is None:
            return None, 0, QUOTES
        fields = list(found)
    if len(fields) == width + 1 and not fields[-1].strip():
        # A delimiter at the end of each line, not of the first.
        fields = fields[:-1]
    return (fields if len(fields) == width else None), more, reason


def _quoted(line: str, chunk: list[str], position: int, dialect: Dialect) -> tuple[Sequence[str] | None, int]:
    """Find the fields of a line with quotes, by the rules (RFC 4180) or as meant, and the lines that they take more.

    None if the quotes do not match.
    """
    delimiter, width = dialect.delimiter, len(dialect.columns)
    fields = _fields(line, delimiter)
    if fields is not None and len(fields) == width:
        return fields, 0
    plain = line.split(delimiter)
    if delimiter == "\t" and len(plain) == width:
        # Where tabs separate, quotes are mostly text, as in the titles of Last.fm.
        return plain, 0
    if fields is None:
        joined, more = _over_lines(line, chunk[position : position + LONGEST_ROW_LINES], dialect)
        if joined is not None:
            return joined, more
    others: list[dict[str, object]] = [{"skipinitialspace": True}]
    if '\\"' in line:
        others.append({"escapechar": "\\", "doublequote": False})
    for changed in others:
        other = _fields(line, delimiter, **changed)
        if other is not None and len(other) == width:
            return other, 0
    return fields, 0


def _over_lines(line: str, following: list[str], dialect: Dialect) -> tuple[list[str] | None, int]:
    """Find the fields of a row that goes on in the lines after it."""
    reader = csv.reader(chain([line + "\n"], following), delimiter=dialect.delimiter, strict=True)
    try:
        joined = next(reader)
    except csv.Error:
        return None, 0
    return (joined, reader.line_num - 1) if len(joined) == len(dialect.columns) else (None, 0)


def _fields(text: str, delimiter: str, **changed: object) -> list[str] | None:
    if len(delimiter) > 1:
        return text.split(delimiter)
    try:
        rows = list(csv.reader([text], delimiter=delimiter, strict=True, **changed))  # type: ignore[arg-type]
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


def _width(line: str, delimiter: str, columns: Sequence[str] | None) -> tuple[bool, int]:
    fields = _fields(line, delimiter) or line.split(delimiter)
    return columns is not None and len(fields) == len(columns), len(fields)


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    """Number names that are there twice, as two columns cannot have one."""
    counts: dict[str, int] = {}
    taken, distinct = set(names), []
    for name in names:
        numbered = name
        while name in counts and numbered in taken:
            numbered = f"{name}_{counts[name]}"
            counts[name] += 1
        counts.setdefault(name, 1)
        taken.add(numbered)
        distinct.append(numbered)
    return tuple(distinct)
