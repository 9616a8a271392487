"""Names of the columns of a purchase file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from lakehouse.errors import InputFileError, shown


def each_once(names: Sequence[str]) -> Sequence[str]:
    """Return names of which each is there once.

    Raises
    ------
    InputFileError
        One is there more often, and nobody knows which of its values counts.
    """
    if twice := sorted(name for name, times in Counter(names).items() if times > 1):
        raise InputFileError(f"it has more than one column {shown(', '.join(twice))}: rename or remove one")
    return names
