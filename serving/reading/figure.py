"""What a query answers: few rows, and how old they are."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Figure:
    """Rows to show.

    Attributes
    ----------
    rows : DataFrame
        Already aggregated: at most some thousand rows. Times are UTC and say so.
    written_at : datetime, optional
        When the store last changed, by the wall clock; none where it does not say.
    until : datetime, optional
        The newest event that is in it, by the clock of events, which a simulation sets.
    """

    rows: pd.DataFrame
    written_at: dt.datetime | None = None
    until: dt.datetime | None = None


def in_utc(rows: pd.DataFrame) -> pd.DataFrame:
    """Say of every time without a zone that it is UTC, as all of them are."""
    for name in rows.columns:
        kind = rows[name].dtype
        if pd.api.types.is_datetime64_any_dtype(kind):
            rows[name] = pd.to_datetime(rows[name], utc=True)
    return rows
