"""What is sent: one record, and the counts of what has arrived."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple


class Record(NamedTuple):
    """One record to send.

    Attributes
    ----------
    kind : str
        What the sender calls it ("event", "duplicate", ...); it is counted by this name and is not sent.
    """

    topic: str
    key: str | bytes | None
    value: bytes
    kind: str = "event"


@dataclass
class Counts:
    """How many records have arrived, by kind, in which topics, and how many were refused.

    Examples
    --------
    >>> Counts(Counter(episode=2, event=3)).delivered
    5
    """

    by_kind: Counter[str] = field(default_factory=Counter)
    topics: set[str] = field(default_factory=set)
    failed: int = 0
    first_error: str | None = None

    @property
    def delivered(self) -> int:
        """Records that have arrived, of every kind."""
        return self.by_kind.total()
