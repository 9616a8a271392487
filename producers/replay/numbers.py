"""Numbers of recordings: decimal commas, groups of thousands and percent signs; and ratings of any scale."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from lakehouse.errors import TaskParameterError
from lakehouse.events import HIGHEST_RATING, LOWEST_RATING

_COMMA, _GROUPED = r"[+-]?\d+,\d+", r"[+-]?\d{1,3}(,\d{3})+"
_DOTS_AND_COMMA, _COMMAS_AND_DOT = r"[+-]?\d{1,3}(\.\d{3})+,\d+", r"[+-]?\d{1,3}(,\d{3})+\.\d+"
_KINDS = tuple(map(re.compile, (_GROUPED, _COMMA, _DOTS_AND_COMMA, _COMMAS_AND_DOT)))

NUMBER_SQL = f"""try_cast(CASE
    WHEN NOT contains(x, ',') THEN rtrim(trim(x), '% ')
    WHEN regexp_full_match(rtrim(trim(x), '% '), '{_GROUPED}') THEN NULL
    WHEN regexp_full_match(rtrim(trim(x), '% '), '{_COMMA}') THEN replace(rtrim(trim(x), '% '), ',', '.')
    WHEN regexp_full_match(rtrim(trim(x), '% '), '{_DOTS_AND_COMMA}')
        THEN replace(replace(rtrim(trim(x), '% '), '.', ''), ',', '.')
    WHEN regexp_full_match(rtrim(trim(x), '% '), '{_COMMAS_AND_DOT}') THEN replace(rtrim(trim(x), '% '), ',', '')
END AS DOUBLE)"""
"""SQL of `number_of` the text `x`."""


def number_of(text: str) -> float | None:
    """Read a number; None if it is none, or could be two: 1,234 is a thousand or a little more than one.

    Examples
    --------
    >>> number_of("4,5"), number_of("85 %"), number_of("1.234,50"), number_of("1,234")
    (4.5, 85.0, 1234.5, None)
    """
    try:
        number = float(text)
    except ValueError:
        return _with_commas(text.strip().rstrip("% "))
    return number if math.isfinite(number) else None


def _with_commas(text: str) -> float | None:
    grouped, comma, dots_and_comma, commas_and_dot = (kind.fullmatch(text) is not None for kind in _KINDS)
    if grouped:
        return None
    if comma:
        return float(text.replace(",", "."))
    if dots_and_comma:
        return float(text.replace(".", "").replace(",", "."))
    if commas_and_dot:
        return float(text.replace(",", ""))
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


@dataclass(frozen=True)
class Scale:
    """A scale of ratings, from `low`, the worst, to `high`."""

    low: float
    high: float

    @classmethod
    def parse(cls, text: str) -> Scale:
        """Read a scale such as 0-10 or -10..10.

        Raises
        ------
        TaskParameterError
            It is none.
        """
        found = re.fullmatch(r"(-?\d+(?:\.\d+)?)(?:-|\.\.|:)(-?\d+(?:\.\d+)?)", text.strip())
        if not found or float(found[1]) >= float(found[2]):
            raise TaskParameterError(
                f"`--rating-scale {text}` is no scale. Give its worst and best rating, such as 1-10, or -10..10."
            )
        return cls(float(found[1]), float(found[2]))

    def __str__(self) -> str:
        between = ".." if self.low < 0 else "-"
        return f"{self.low:g}{between}{self.high:g}"

    def is_on(self, rating: float) -> bool:
        """Whether a rating is one of this scale."""
        return self.low <= rating <= self.high

    def on_ours(self, rating: float) -> float:
        """Move a rating to ours: as it is from ours, else evenly to 1 to 5, whose middle, 3, is neutral.

        Examples
        --------
        >>> Scale(0, 10).on_ours(10), Scale(1, 10).on_ours(5.5), Scale(-10, 10).on_ours(0), OURS.on_ours(0.5)
        (5.0, 3.0, 3.0, 0.5)
        """
        if self == OURS:
            return rating
        return round(1 + 4 * (rating - self.low) / (self.high - self.low), 6)


OURS = Scale(LOWEST_RATING, HIGHEST_RATING)
