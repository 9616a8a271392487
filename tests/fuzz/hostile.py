"""Hostile input: seeds that are cut, doubled, overwritten and spliced, and pieces that come again until it hurts."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

TIMES = int(os.environ.get("RECLAKE_FUZZ_TIMES", "1"))
"""How many times as many examples as CI takes."""

REPEATED_BYTES = 60_000
"""Where what is quadratic takes minutes, and what is linear a part of a second."""


def fuzzed(examples: int) -> settings:
    """How a property is fuzzed: in CI the same examples each time, so that only a change can break it; else others."""
    return settings(
        max_examples=examples * TIMES,
        derandomize=TIMES == 1,
        database=None,
        # To explain a failure, lines are traced: by its clock, everything takes too long.
        phases=set(Phase) - {Phase.explain},
        suppress_health_check=list(HealthCheck),
        print_blob=TIMES > 1,
    )


class Repeated(NamedTuple):
    """A start, a unit again and again, and an end; short to read where it fails."""

    start: bytes
    unit: bytes
    end: bytes = b""

    @property
    def content(self) -> bytes:
        return self.start + self.unit * (REPEATED_BYTES // len(self.unit)) + self.end


def repeated(tokens: Sequence[bytes], starts: Sequence[bytes] = (b"",)) -> st.SearchStrategy[Repeated]:
    """One to three tokens that come again and again, perhaps within something."""
    units = st.lists(st.sampled_from(tokens), min_size=1, max_size=3).map(b"".join)
    return st.builds(Repeated, st.sampled_from(starts), units, st.sampled_from([b"", b"\n", *tokens]))


def mutated(seeds: Sequence[bytes], tokens: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """One of the seeds, with a few of its slices taken out, or replaced by tokens, bytes or other slices."""

    @st.composite
    def build(draw: st.DrawFn) -> bytes:
        content = draw(st.sampled_from(seeds))
        for _ in range(draw(st.integers(0, 5))):
            start = draw(st.integers(0, len(content)))
            end = draw(st.one_of(st.just(start), st.integers(start, min(start + 40, len(content)))))
            copied = draw(st.integers(0, len(content)))
            piece = draw(
                st.one_of(
                    st.sampled_from([b"", *tokens]),
                    st.binary(max_size=4),
                    st.integers(1, 120).map(lambda size, at=copied, whole=content: whole[at : at + size]),
                )
            )
            content = content[:start] + piece * draw(st.sampled_from([1, 1, 1, 1, 2, 40])) + content[end:]
        return content[: draw(st.integers(0, len(content)))] if draw(st.integers(0, 9)) == 9 else content

    return build()


def marks(text: str) -> Counter[str]:
    """Count the marks of a text: `m0001` and so on, which seeds have in each cell, and which nothing may lose."""
    return Counter(re.findall(r"m\d{4}", text))


def collected(strategy: st.SearchStrategy[bytes], examples: int) -> list[bytes]:
    """Examples of a strategy, for what is so slow to begin with that it has to take them all at once."""
    found: list[bytes] = []

    @fuzzed(examples)
    @given(strategy)
    def collect(value: bytes) -> None:
        found.append(value)

    collect()
    return found
