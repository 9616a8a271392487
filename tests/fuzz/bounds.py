"""Bounds that every parser keeps: CPU by the byte, memory, and errors that are one sentence."""

from __future__ import annotations

import gc
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lakehouse.errors import RecLakeError

CPU_SECONDS, CPU_SECONDS_PER_BYTE = 4.0, 20e-6
"""Generous: what is read here takes a hundredth of it."""
LONGEST_SENTENCE = 3_000


class TooSlowError(BaseException):
    """A parser used more CPU than its input is worth; no `except Exception` takes it for a fault of the input."""


@contextmanager
def cpu_for(size: int) -> Iterator[None]:
    """Stop what takes more CPU, whatever else the machine does, than so many bytes are worth."""

    def stop(*_: object) -> None:
        raise TooSlowError(f"{seconds:.1f} s of CPU were not enough for {size:,} bytes")

    seconds = CPU_SECONDS + CPU_SECONDS_PER_BYTE * size
    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@contextmanager
def memory_of(mebibytes: int) -> Iterator[None]:
    """Fail what makes the process grow by more, by the high-water mark that Linux keeps."""
    marks = Path("/proc/self/clear_refs")
    if not marks.exists():
        pytest.skip("the high-water mark of memory is Linux's")
    gc.collect()
    marks.write_text("5")
    before = _high_water_kib()
    yield
    grown = (_high_water_kib() - before) // 1024
    assert grown <= mebibytes, f"{grown} MiB more than before, at most {mebibytes} are right"


def _high_water_kib() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


@contextmanager
def told_in_a_sentence() -> Iterator[None]:
    """Take the project's own errors, if they are one line that can be read; any other is a crash."""
    try:
        yield
    except RecLakeError as error:
        said = str(error)
        assert said, "an error without words"
        assert said.isprintable(), said[:LONGEST_SENTENCE]
        assert len(said) < LONGEST_SENTENCE, said[:LONGEST_SENTENCE]
