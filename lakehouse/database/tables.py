"""The tables that batches are written to, as the newest migration leaves them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class StoredTable:
    """A table of PostgreSQL.

    Attributes
    ----------
    columns : mapping
        What a batch gives, in the order of its rows, to the type in PostgreSQL. Others have defaults.
    key : tuple of str
        The columns of the primary key.
    day : str, optional
        The date column that it is partitioned by; rows beyond `events_retention_days` are not kept.
    """

    name: str
    columns: Mapping[str, str]
    key: tuple[str, ...]
    day: str | None = None

    @property
    def values(self) -> tuple[str, ...]:
        """The columns outside the key."""
        return tuple(name for name in self.columns if name not in self.key)


RAW_EVENTS = StoredTable(
    "raw_events",
    {
        "event_id": "text",
        "day": "date",
        "timestamp": "timestamptz",
        "session_id": "text",
        "user_id": "text",
        "item_id": "text",
        "event_type": "text",
        "price": "float8",
    },
    key=("event_id", "day"),
    day="day",
)

FUNNEL_SUMMARY = StoredTable(
    "funnel_summary",
    {
        "user_id": "text",
        "window_start": "timestamptz",
        "window_end": "timestamptz",
        "num_views": "int8",
        "num_add_to_cart": "int8",
        "num_purchases": "int8",
        "is_final": "bool",
        "is_corrected": "bool",
    },
    key=("user_id", "window_start"),
)

CHURN_PREDICTION = StoredTable(
    "churn_prediction",
    {
        "user_id": "text",
        "as_of": "date",
        "churn_probability": "float8",
        "churned": "bool",
        "threshold": "float8",
        "model_version": "text",
        "predicted_at": "timestamptz",
    },
    key=("user_id",),
)
