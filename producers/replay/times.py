"""Times of a recording: what its column of times says, decided over the whole of it, as milliseconds since 1970."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import available_timezones

from lakehouse.errors import TaskParameterError
from producers.replay.database import literal

# Years 1 to 9999: what a timestamp can say.
_FIRST_MS, _LAST_MS = -62_135_596_800_000, 253_402_300_799_999

UNITS = {"s": "* 1000", "ms": "* 1", "us": "/ 1000", "ns": "/ 1000000", "excel": "* 86400000 - 2209161600000"}
"""From a number to milliseconds; Excel counts days from 1899-12-30 on."""
# Smaller numbers are of that unit: as seconds 1e11 would be the year 5138, as milliseconds 1e14, and so on.
_BELOW = ((1e11, "s"), (1e14, "ms"), (1e17, "us"), (9e18, "ns"))
_EXCEL_DAYS = (25_569, 80_000)
"""1970 to 2119, which as seconds would all be of 1 January 1970."""

_HOURS = ("", " %H:%M:%S", " %H:%M", " %H:%M:%S.%f", " %I:%M:%S %p", " %I:%M %p")
_DAY_FIRST, _MONTH_FIRST = ("%d/%m/%Y", "%d-%m-%Y"), ("%m/%d/%Y", "%m-%d-%Y")
_OTHER_DAYS = ("%d.%m.%Y", "%d %b %Y", "%d-%b-%Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%Y-%m-%d")
_WITH_ZONES = (
    *("%a, %d %b %Y %H:%M:%S %z", "%a, %d %b %Y %H:%M:%S %Z", "%d %b %Y %H:%M:%S %z", "%a %b %d %H:%M:%S %z %Y"),
    *("%d/%b/%Y:%H:%M:%S %z", "%Y%m%dT%H%M%SZ", "%Y%m%dT%H%M%S%z", "%Y-%m-%d %H:%M:%S %z"),
)

# Digits without anything between them, by their number; years 1900 to 2199.
_COMPACT = """
    CASE WHEN left(digits, 2) IN ('19', '20', '21') THEN CASE length(digits)
        WHEN 8 THEN try_strptime(digits, '%Y%m%d')
        WHEN 12 THEN try_strptime(digits, '%Y%m%d%H%M')
        WHEN 14 THEN try_strptime(digits, '%Y%m%d%H%M%S')
        WHEN 17 THEN try_strptime(digits, '%Y%m%d%H%M%S%g')
    END END
"""
_MEASURED = f"""
    SELECT *, CASE WHEN number IS NOT NULL THEN {_COMPACT} END AS compact FROM (
        SELECT *, split_part(t, '.', 1) AS digits, CASE WHEN isfinite(parsed) THEN parsed END AS number FROM (
            SELECT *, try_cast(t AS DOUBLE) AS parsed FROM (SELECT *, seen_in(ts) AS t FROM ({{rows}}))
        )
    )
"""  # noqa: S608 (constants of this module only)
_SLASHED = r"^(\d{1,2})[/-](\d{1,2})[/-]\d{4}"


@dataclass(frozen=True)
class Given:
    """What a person says of the times.

    Attributes
    ----------
    zone : str
        Zone of times that name none.
    day_first : bool or None
        Whether 1/2/2024 is of February.
    pattern : str or None
        A unit of `UNITS`, or a format of `strptime`.
    """

    zone: str = "UTC"
    day_first: bool | None = None
    pattern: str | None = None

    def __post_init__(self) -> None:
        if self.zone not in available_timezones():
            raise TaskParameterError(f"`--timezone {self.zone}` is no zone. Use a name such as Europe/Berlin or UTC.")
        if self.pattern is not None and self.pattern not in UNITS and "%" not in self.pattern:
            raise TaskParameterError(
                f"`--time-format {self.pattern}` is none. Use one of {', '.join(UNITS)}, or a format such as %d.%m.%y."
            )


class Seen(NamedTuple):
    """What a look at all times tells: how many are numbers, which ones, and how far the parts of 1/2/2024 go."""

    numbers: int
    compact: int
    lowest: float | None
    highest: float | None
    first: int | None
    second: int | None

    @property
    def may_be_excel(self) -> bool:
        """Whether the numbers are as likely Excel's days as seconds."""
        low, high = _EXCEL_DAYS
        return self.numbers > 0 and low <= (self.lowest or 0) and (self.highest or 0) < high

    @property
    def is_ambiguous(self) -> bool:
        """Whether nothing, or everything, tells which part of 1/2/2024 is the day."""
        return self.first is not None and (self.first > 12) == ((self.second or 0) > 12)


def seen_in(rows: str, *more: str) -> str:
    """SQL of `Seen`, of `rows` (SQL) with the text `ts`, and of `more` aggregates over them."""
    first, second = (
        f"max(CASE WHEN number IS NULL THEN try_cast(regexp_extract(t, '{_SLASHED}', {group}) AS INTEGER) END)"
        for group in (1, 2)
    )
    return f"""
        SELECT count(number), count(compact), min(number), max(number), {", ".join((first, second, *more))}
        FROM ({_MEASURED.format(rows=rows)})
    """  # noqa: S608 (SQL of ours)


@dataclass(frozen=True)
class Times:
    """How the times of a recording are to be read."""

    pattern: str | None = None
    is_compact: bool = False
    day_first: bool = False

    @classmethod
    def of(cls, seen: Seen, given: Given) -> Times:
        """Decide by what is `given` and, where that says nothing, by what is `seen`."""
        day_first = (seen.first or 0) > 12 if given.day_first is None else given.day_first
        return cls(given.pattern, seen.compact == seen.numbers > 0, day_first)

    def placed_in(self, rows: str) -> str:
        """SQL of `rows` (SQL; with the text `ts`) with `ms`, their milliseconds since 1970, null if `ts` is no time."""
        return f"""
            SELECT * REPLACE (CASE WHEN ms BETWEEN {_FIRST_MS} AND {_LAST_MS} THEN ms END AS ms)
            FROM (SELECT *, {self._milliseconds()} AS ms FROM ({_MEASURED.format(rows=rows)}))
        """  # noqa: S608 (SQL of ours)

    def _milliseconds(self) -> str:
        if self.pattern in UNITS:
            return f"CASE WHEN abs(number) < 9e18 THEN round(number {UNITS[self.pattern]})::BIGINT END"
        if self.pattern is not None:
            return f"epoch_ms(try_strptime(t, {_list([self.pattern])})::TIMESTAMPTZ)"
        # As milliseconds 14 digits and more would be after the year 2600.
        is_compact = "compact IS NOT NULL" if self.is_compact else "compact IS NOT NULL AND length(digits) >= 14"
        units = " ".join(f"WHEN abs(number) < {limit} THEN number {UNITS[unit]}" for limit, unit in _BELOW)
        return f"""CASE
            WHEN number IS NULL THEN epoch_ms({self._text()})
            WHEN {is_compact} THEN epoch_ms(compact::TIMESTAMPTZ)
            ELSE round(CASE {units} END)::BIGINT
        END"""

    def _text(self) -> str:
        days = (*(_DAY_FIRST if self.day_first else _MONTH_FIRST), *_OTHER_DAYS)
        formats = [day + hour for day in days for hour in _HOURS]
        plain = r"regexp_replace(t, '(\d{4})(, *|T| +)(\d)', '\1 \3')"
        return rf"""coalesce(
            CASE WHEN regexp_matches(t, '^\d{{4}}[-/]') THEN coalesce(
                try_cast(t AS TIMESTAMPTZ),
                try_cast(regexp_replace(t, '(:\d\d),(\d+)', '\1.\2') AS TIMESTAMPTZ),
                try_cast(regexp_replace(t, ' +([+-]\d\d:?\d\d)$', '\1') AS TIMESTAMPTZ)
            ) END,
            CASE WHEN regexp_matches(t, '\d{{4}}') THEN coalesce(
                try_strptime({plain}, {_list(formats)})::TIMESTAMPTZ, try_strptime(t, {_list(_WITH_ZONES)})::TIMESTAMPTZ
            ) END
        )"""


def _list(formats: tuple[str, ...] | list[str]) -> str:
    return "[" + ", ".join(map(literal, formats)) + "]"
