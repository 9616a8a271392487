"""The newest check of a table, as it is kept for the quality pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from pydantic import BaseModel


class Line(BaseModel):
    """What came of one expectation."""

    expectation: str
    severity: str
    passed: bool
    observed: str


class Checked(BaseModel):
    """The newest check of a table."""

    name: str
    version: int
    num_rows: int
    at: dt.datetime
    lines: Sequence[Line]

    @property
    def broken(self) -> Sequence[Line]:
        """The expectations that did not hold."""
        return [line for line in self.lines if not line.passed]

    @property
    def state(self) -> str:
        """`failed`, `warning` or `passed`."""
        severities = {line.severity for line in self.broken}
        return "failed" if "critical" in severities else "warning" if severities else "passed"
