"""Cues: what SRT and VTT files say, without numbers and names of cues, each line once where captions roll."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from lakehouse.entities import unescaped
from silver.transcripts.markup import without_tags

_MOMENT = r"(?:(\d{1,4}):)?(\d{1,4}):(\d{1,2}(?:[.,]\d{1,9})?)"
_TIMES = re.compile(rf"\s{{0,9}}{_MOMENT}\s{{0,9}}-->\s{{0,9}}(?:{_MOMENT})?")
_STYLE_OVERRIDE = re.compile(r"\{\\[^{}\n]{0,80}\}")
_NOT_SAID = ("NOTE", "STYLE", "REGION")
_LONGEST_NUMBER = 9
_TOUCHING_SECONDS = 0.1
_FEWEST_WORDS = 3
"""Words of the end of a line that a cue has to begin with, so that they were carried over and not said again."""


@dataclass
class _Cue:
    start: float
    end: float | None
    lines: list[str] = field(default_factory=list)


def is_times(line: str) -> bool:
    """Whether a line says when a cue begins and ends."""
    return _TIMES.match(line) is not None


def said(text: str) -> str:
    """What the cues of a text say, a line for each of theirs."""
    cues = _cues(text)
    spoken = [[words for line in _plain(cue.lines) if (words := line.split())] for cue in cues]
    heard = _unrolled(cues, spoken) if _rolls(cues, spoken) else spoken
    return "\n".join(" ".join(words) for lines in heard for words in lines)


def _plain(lines: Sequence[str]) -> list[str]:
    return without_tags(unescaped(_STYLE_OVERRIDE.sub("", "\n".join(lines)))).split("\n")


def _cues(text: str) -> list[_Cue]:
    """Cut a text at its lines of times; a number or a name before one, and notes and styles, are not said."""
    lines = _lines(text)
    times = [_TIMES.match(line) for line in lines]
    found: list[_Cue] = []
    cue: _Cue | None = None
    number = _Numbers(lines, next((at for at, match in enumerate(times) if match), 0))
    for at, (line, match) in enumerate(zip(lines, times, strict=True)):
        starts_block = at == 0 or not lines[at - 1].strip()
        before_times = at + 1 < len(lines) and times[at + 1] is not None
        if match:
            cue = _Cue(_seconds(match.groups()[:3]) or 0.0, _seconds(match.groups()[3:]))
            found.append(cue)
        elif number.is_next(line, before_times=before_times, starts_block=starts_block):
            continue
        elif starts_block and line.split(" ")[0].strip() in _NOT_SAID:
            cue = None
        elif cue and not (starts_block and before_times):
            cue.lines.append(line)
    return found


def _lines(text: str) -> list[str]:
    """The lines of a text; where an empty one stands between any two, the others."""
    lines = text.strip("\n").split("\n")
    return lines if any(line.strip() for line in lines[1::2]) else lines[::2]


class _Numbers:
    """The numbers of cues, if the first one has a number: each is one more than the last, or stands before times."""

    def __init__(self, lines: Sequence[str], first_times: int) -> None:
        before = next((line.strip() for line in reversed(lines[:first_times]) if line.strip()), "")
        self._are_there = _is_number(before)
        self._last = int(before) - 1 if self._are_there else 0

    def is_next(self, line: str, *, before_times: bool, starts_block: bool) -> bool:
        """Whether a line is no text but the number of the next cue, also of one that the end of the file cuts off."""
        number = line.strip()
        if not (self._are_there and _is_number(number)):
            return False
        if before_times or (starts_block and int(number) == self._last + 1):
            self._last = int(number)
            return True
        return False


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER


def _seconds(parts: Sequence[str | None]) -> float | None:
    hours, minutes, seconds = parts
    if seconds is None:
        return None
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(seconds.replace(",", "."))


def _rolls(cues: Sequence[_Cue], spoken: Sequence[list[list[str]]]) -> bool:
    """Whether captions roll, as those that YouTube makes: most cues begin with the end of the one before.

    One of them at least goes on after it, as people say the same twice, too.
    """
    pairs = [(cues[n - 1], cues[n], spoken[n - 1], spoken[n]) for n in range(1, len(cues))]
    carried = [(_carried(*pair), sum(map(len, pair[3]))) for pair in pairs if pair[2] and pair[3]]
    return 2 * sum(words > 0 for words, _ in carried) >= len(carried) and any(0 < words < of for words, of in carried)


def _unrolled(cues: Sequence[_Cue], spoken: Sequence[list[list[str]]]) -> list[list[list[str]]]:
    """Leave of each cue what was not carried over from the one before it."""
    kept: list[list[list[str]]] = []
    shown, before = None, None
    for cue, lines in zip(cues, spoken, strict=True):
        skip = _carried(shown, cue, before, lines) if shown and before else 0
        kept.append(_after(lines, skip))
        if lines:
            shown, before = cue, lines
    return kept


def _after(lines: list[list[str]], skip: int) -> list[list[str]]:
    left = []
    for words in lines:
        if words[skip:]:
            left.append(words[skip:])
        skip = max(0, skip - len(words))
    return left


def _carried(earlier: _Cue, later: _Cue, before: list[list[str]], after: list[list[str]]) -> int:
    """How many words `later` begins with because they are still shown: whole lines of `earlier`, or some words."""
    if earlier.end is not None and later.start - earlier.end > _TOUCHING_SECONDS:
        return 0
    old = [word for line in before for word in line]
    new = [word for line in after for word in line]
    line_starts, at = set(), 0
    for line in before:
        line_starts.add(len(old) - at)
        at += len(line)
    return next((n for n in _overlaps(old, new) if n in line_starts or n >= _FEWEST_WORDS), 0)


def _overlaps(old: Sequence[str], new: Sequence[str]) -> list[int]:
    """Every n for which the last n words of `old` are the first n of `new`, the largest first; in linear time.

    By the failure function of Knuth, Morris and Pratt, "Fast Pattern Matching in Strings" (1977).
    """
    words: list[str | None] = [*new, None, *old[-len(new) :]]
    fails = [0] * len(words)
    for at in range(1, len(words)):
        length = fails[at - 1]
        while length and words[at] != words[length]:
            length = fails[length - 1]
        fails[at] = length + (words[at] == words[length])
    found, length = [], fails[-1]
    while length:
        found.append(length)
        length = fails[length - 1]
    return found
