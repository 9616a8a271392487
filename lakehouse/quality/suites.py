"""The suites: what is expected of each table, found by the entry points in which each layer names its own.

An entry point is called as its gate with `_expectations` behind it: whoever looks one up by name alone, as a wheel task
does, never finds it in a task's place.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import entry_points

from lakehouse.quality.expectation import Suite
from lakehouse.settings import Settings

GROUP = "reclake.expectations"
_SUFFIX = "_expectations"


def gates() -> Sequence[str]:
    """What has a gate: layers, and the jobs of gold that stand beside the training."""
    return sorted(name.removesuffix(_SUFFIX) for name in entry_points(group=GROUP).names)


def suites(gate: str, settings: Settings) -> Sequence[Suite]:
    """The suites of a gate's tables."""
    (found,) = entry_points(group=GROUP, name=gate + _SUFFIX)
    return list(found.load()(settings))
