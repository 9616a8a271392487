"""JSON: the objects of lines, arrays or one after the other, as text."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

from lakehouse.errors import InputFileError
from producers.replay.delimited import BATCH_LINES, BYTES, Broken
from producers.replay.files import is_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any, TextIO

NO_OBJECT = "no JSON object"
LARGEST_OBJECT = 64 << 20
"""Characters of an object that does not end."""
_READ, _BATCH_CHARACTERS = 1 << 16, 4 << 20

# NaN and infinity are what Python and Parquet may write and JSON cannot say.
_DECODER = json.JSONDecoder(parse_constant=lambda _: None)
_BETWEEN = re.compile(r"[\s,\[\]\ufeff]*")
# Possessive, and to the end of the text where it is not closed: what is tried again at each quote is quadratic.
_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:(?P<closed>")|\\?\Z)'
_BRACE = re.compile(_STRING + r"|[{}]", re.DOTALL)
_BARE_BRACE = re.compile("[{}]")
_TRAILING_COMMA = re.compile(rf"(?P<string>{_STRING})|,(?=\s*[}}\]])", re.DOTALL)


class Objects(NamedTuple):
    """Texts of objects, with the numbers of their lines, and broken lines between them."""

    lines: list[int]
    texts: list[str]
    broken: list[Broken]


def decoded(text: str) -> dict[str, Any] | None:
    """Read an object, also one with a comma too many or a NaN; None if it is none.

    Examples
    --------
    >>> decoded('{"a": [1, NaN,], "b": ",}",}')
    {'a': [1, None], 'b': ',}'}
    >>> decoded("[1]") is None
    True
    """
    try:
        value, end = _DECODER.raw_decode(text)
        if end != len(text):
            value = _DECODER.decode(text)
    except (ValueError, RecursionError):
        try:
            value = _DECODER.decode(_TRAILING_COMMA.sub(lambda found: found["string"] or "", text))
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, dict) else None


def is_by_line(head: str) -> bool:
    """Tell whether each line is an object, by how a file begins; else they stand in an array, or over several lines."""
    start = head.lstrip(" \t\r\n\ufeff")
    if re.match(r"\[\s*[{\]]", start):
        return False
    first, _, rest = start.partition("\n")
    return not first.startswith("{") or _end(first, 0) is not None or rest.lstrip().startswith("{")


def by_line(lines: Iterator[str]) -> Iterator[Objects]:
    """Yield the objects of lines; whether each is one is not looked at."""
    batch, size = Objects([], [], []), 0
    for number, raw in enumerate(lines, 1):
        line = raw.strip(" \t\r\n\ufeff")
        if not line:
            continue
        if "\0" in line:
            line = line.replace("\0", "")
        if not is_text(line):
            batch.broken.append(Broken(number, line, BYTES))
            continue
        batch.lines.append(number)
        batch.texts.append(line.rstrip(",") if line.endswith("},") else line)
        size += len(line)
        if len(batch.lines) >= BATCH_LINES or size >= _BATCH_CHARACTERS:
            yield batch
            batch, size = Objects([], [], []), 0
    yield batch


def by_brackets(stream: TextIO, path: Path) -> Iterator[Objects]:
    """Yield the objects of arrays, or that follow one another over lines of their own.

    Raises
    ------
    InputFileError
        Something else stands between them, or one does not end.
    """
    buffer, line = "", 1
    batch, size = Objects([], [], []), 0
    while True:
        # As much again as is left: an object that does not end is looked at as often as it doubles.
        more = stream.read(max(_READ, len(buffer)))
        buffer += more
        position = 0
        while True:
            start = _BETWEEN.match(buffer, position).end()  # type: ignore[union-attr]
            line += buffer.count("\n", position, start)
            position = start
            if start == len(buffer):
                break
            end = _object_end(buffer, start)
            if end is None:
                if buffer[start] == "{" and more and len(buffer) - start < LARGEST_OBJECT:
                    break
                raise InputFileError(
                    f"{path} cannot be read: from line {line} on it is no JSON object, or one that does not end. "
                    "Correct the file, or its `--format`."
                )
            text = buffer[start:end]
            if is_text(text):
                batch.lines.append(line)
                batch.texts.append(text)
            else:
                batch.broken.append(Broken(line, text, BYTES))
            line += text.count("\n")
            position, size = end, size + len(text)
        buffer = buffer[position:]
        if not more or size >= _BATCH_CHARACTERS or len(batch.lines) >= BATCH_LINES:
            yield batch
            batch, size = Objects([], [], []), 0
        if not more:
            return


def _object_end(text: str, start: int) -> int | None:
    if text[start] != "{":
        return None
    try:
        return _DECODER.raw_decode(text, start)[1]
    except (ValueError, RecursionError):
        return _end(text, start)


def _end(text: str, start: int) -> int | None:
    """Find where the braces that begin at `start` are closed, whatever else is wrong between them."""
    depth = 0
    for found in _braces(text, start):
        depth += {"{": 1, "}": -1}.get(found[0], 0)
        if depth == 0:
            return found.end()
    return None


def _braces(text: str, start: int) -> Iterator[re.Match[str]]:
    """Find braces and strings; behind a quote that is never closed, braces alone."""
    for found in _BRACE.finditer(text, start):
        if found[0][0] == '"' and not found["closed"]:
            yield from _BARE_BRACE.finditer(text, found.start())
            return
        yield found
