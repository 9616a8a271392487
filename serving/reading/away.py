"""A store that is away, which is not asked again at once."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from lakehouse.errors import RecLakeError, ServiceError

Result = TypeVar("Result")

_AWAY_SECONDS = 10
"""A store that did not answer is not asked again for so long: every panel would wait for it, one after the other."""


class Away:
    """Remembers for a while that a store did not answer."""

    def __init__(self) -> None:
        self._until = 0.0
        self._error: RecLakeError | None = None

    def ask(self, work: Callable[[], Result]) -> Result:
        """Do `work`, or raise what it raised a moment ago."""
        if self._error and time.monotonic() < self._until:
            raise self._error
        try:
            return work()
        except ServiceError as error:
            self._error, self._until = error, time.monotonic() + _AWAY_SECONDS
            raise
