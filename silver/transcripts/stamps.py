"""Stamps: the times beside what is said in a plain transcript or on a page, and not those that somebody says.

`[00:01:02]` is a stamp wherever it stands, and so is a line that is only a time. In round brackets or in none it is one
where it begins a line or follows the name of who speaks: `(00:12) Hello`, `Ann (00:12):`, `00:01:02 Ann: Hello`. In `we
met at 10:30` and `it begins (12:30) and ends late` it is not. `10:30 was early` is one only in a text where most lines
begin so.
"""

from __future__ import annotations

import re

_CLOCK = r"\d{1,4}:[0-5]\d(?::[0-5]\d){0,2}(?:[.,]\d{1,9})?"
# Nobody says the seconds.
_LONG_CLOCK = r"\d{1,4}:[0-5]\d(?:(?::[0-5]\d){1,2}(?:[.,]\d{1,9})?|[.,]\d{2,9})"
_DASH = r"[-\u2013\u2014]"
_TO = rf"[ \t]{{0,9}}(?:-{{1,2}}>|\u2192|{_DASH})[ \t]{{0,9}}"
_RANGE = rf"{_CLOCK}(?:{_TO}{_CLOCK})?"
_SECONDS = rf"\d{{1,6}}\.\d{{1,9}}s?{_TO}\d{{1,6}}\.\d{{1,9}}s?"
_NAME = r"[^\s\d:.,;!?()\[\]][^:.,;!?()\[\]\n]{0,40}"
_BEGIN, _END = r"(?m)^[ \t]{0,9}", r"[ \t]{0,9}$"

_SQUARE = re.compile(rf"\[[ \t]{{0,3}}(?:{_RANGE}|{_SECONDS})[ \t]{{0,3}}\]")
_LONE = re.compile(rf"{_BEGIN}\(?{_RANGE}\)?{_END}")
_AFTER_NAME = (
    re.compile(rf"(?m)(^[ \t]{{0,9}}{_NAME}?)[ \t]{{1,9}}\({_RANGE}\)(?=[ \t]{{0,9}}:|{_END})"),
    re.compile(rf"(?m)(^[ \t]{{0,9}}{_NAME}?)[ \t]{{1,9}}{_LONG_CLOCK}(?=:?{_END})"),
    re.compile(rf"(?m)(^[ \t]{{0,9}}{_NAME}?)(?:\t|  )[ \t]{{0,9}}{_CLOCK}(?=:?{_END})"),
)
_FIRST = (
    re.compile(rf"{_BEGIN}\({_RANGE}\)"),
    re.compile(rf"{_BEGIN}{_LONG_CLOCK}(?:{_TO}{_LONG_CLOCK})?(?=\s)(?![ \t]?[apAP]\.?[mM]\b)(?:[ \t]{{0,9}}{_DASH})?"),
    re.compile(rf"{_BEGIN}{_RANGE}(?=[ \t]{{1,9}}{_NAME}:(?:\s|$))"),
)
_CLOCK_FIRST = re.compile(rf"{_BEGIN}({_CLOCK})(?=\s)(?:[ \t]{{0,9}}{_DASH})?")
_FEWEST_LINES = 3


def without_stamps(text: str) -> str:
    r"""Remove the times beside what is said.

    Examples
    --------
    >>> without_stamps("[00:00:01.000 --> 00:00:02.000] We met at 10:30.\nAnn (00:12): Hello").split("\n")
    [' We met at 10:30.', 'Ann: Hello']
    """
    text = _LONE.sub("", _SQUARE.sub("", text))
    for after_name in _AFTER_NAME:
        text = after_name.sub(r"\1", text)
    for first in _FIRST:
        text = first.sub("", text)
    return _CLOCK_FIRST.sub("", text) if _most_lines_begin_so(text) else text


def _most_lines_begin_so(text: str) -> bool:
    """Whether times stand before most lines, and go on from one to the next."""
    lines = [line for line in text.split("\n") if line.strip()]
    times = [_parts(found[1]) for line in lines if (found := _CLOCK_FIRST.match(line))]
    return len(times) >= _FEWEST_LINES and 2 * len(times) > len(lines) and times == sorted(times)


def _parts(clock: str) -> list[int]:
    return [int(part) for part in re.split("[:.,]", clock)]
