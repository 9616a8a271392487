"""Lakehouses for benchmarks: empty, in a temporary home, on one session."""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ParamSpec

from lakehouse.lake import Lakehouse
from lakehouse.services import down
from lakehouse.settings import load_settings

P = ParamSpec("P")

_numbers = itertools.count()


@contextmanager
def benchmark_home(**parameters: Any) -> Iterator[Lakehouse]:
    """Open a lakehouse in a temporary home, with the embedded services stopped and all removed at the end."""
    with tempfile.TemporaryDirectory(prefix="reclake-bench-", ignore_cleanup_errors=True) as folder:
        settings = load_settings(reclake_home=Path(folder), **parameters)
        with Lakehouse(settings) as lake:
            try:
                yield lake
            finally:
                down(settings)


def fresh(lake: Lakehouse) -> Lakehouse:
    """Make an empty lakehouse beside another one: its session and its services, other tables and checkpoints."""
    number = next(_numbers)
    schemas = {f"{layer}_schema": f"{layer}_{number}" for layer in ("bronze", "silver", "gold", "ops")}
    home = lake.settings.home / f"lake-{number}"
    return lake.with_settings(lake.settings.model_copy(update={"reclake_home": home, **schemas}))


def seconds(work: Callable[P, object], *arguments: P.args, **options: P.kwargs) -> float:
    """Time a piece of work."""
    started = time.perf_counter()
    work(*arguments, **options)
    return time.perf_counter() - started
