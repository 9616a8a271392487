"""What a check of a workspace found, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "missing", "optional", "unknown"]


@dataclass(frozen=True)
class Finding:
    """One line of a check.

    Attributes
    ----------
    state : str
        `missing` stands in the way; `optional` is not there and something does without; `unknown` could not be asked.
    todo : str
        What to do; empty where there is nothing to do.
    """

    subject: str
    state: State
    said: str
    todo: str = ""
