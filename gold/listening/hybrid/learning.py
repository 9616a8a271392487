"""Learning the hybrid's weights on one half of the users of a held-out window, and judging them on the other half."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from gold.engines.vectors import Floats, Ints, matrix
from gold.listening.hybrid.sources import Scale, Sources, zeros
from gold.listening.hybrid.weights import ALS_ALONE, LIKES_FROM, SOURCES, Weights, as_matrix, grid, group_of

K = 10
MOST_USERS = 4_000
"""Users that weights are learned from and judged on; more would tell little more."""
FEWEST_OF_GROUP = 50
"""A group of fewer gets the weights that are best for all."""
CANDIDATES = 50
"""Items of each source that are compared with each other."""
USERS_AT_ONCE = 200

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """A user's candidates.

    Attributes
    ----------
    group : int
        Position in `LIKES_FROM`.
    parts : array (candidates, sources)
        The scaled score that each source gives.
    relevant : array (candidates,) of bool
    num_relevant : int
        Relevant items, candidates or not.
    """

    group: int
    parts: Doubles
    relevant: npt.NDArray[np.bool_]
    num_relevant: int


@dataclass(frozen=True)
class Learned:
    """Weights, and how every mix of sources did on users that the weights were not learned from.

    Attributes
    ----------
    weights : mapping
        What serves: ALS alone unless the mix is at least as good.
    scores : mapping
        nDCG@10 of each judged user by (segment, mix).
    """

    weights: Weights
    scores: Mapping[tuple[str, str], Doubles]

    def table(self) -> list[tuple[str, str, float, float, int]]:
        """Segment, mix, mean nDCG@10, its standard error, and users."""
        return [
            (segment, mix, float(values.mean()), float(values.std() / max(1, values.size - 1) ** 0.5), values.size)
            for (segment, mix), values in self.scores.items()
            if values.size
        ]


def learned(sources: Sources, queries: DataFrame, relevant: DataFrame, strangers: DataFrame) -> Learned:
    """Choose the weights with the highest nDCG@10 for each group of users, and judge them on other users.

    Compared are the best `CANDIDATES` items of each source.

    Parameters
    ----------
    sources : Sources
        Made from what came before the window.
    queries : DataFrame
        `idx`, `excluded`: users with something in train, and what must not be recommended to them.
    relevant, strangers : DataFrame
        `user_idx`, `item_idx`: what users with and without anything in train like in the window.
    """
    items = _Items.of(sources)
    unheard = items.among(items.is_cold)
    nobody = strangers.select(F.col("user_idx").alias("idx"), F.array().cast("array<int>").alias("excluded"))
    sample = _sample(sources, queries, relevant)
    cases = list(_cases(sample, sources.scale, items))
    # Users come in an order that has nothing to do with them.
    weights = _best(cases[::2])
    segments = {
        "all items": cases[1::2],
        "unheard items among themselves": list(_cases(sample, sources.scale, unheard))[1::2],
        "new listeners": list(_cases(_sample(sources, nobody.distinct(), strangers), sources.scale, items)),
    }
    scores = {
        (segment, name): _ndcg(some, mix) for segment, some in segments.items() for name, mix in _mixes(weights).items()
    }
    mixed, alone = (scores["all items", name] for name in ("all", "als alone"))
    is_as_good = len(mixed) > 0 and mixed.mean() >= alone.mean()
    return Learned(weights if is_as_good else ALS_ALONE, scores)


@dataclass(frozen=True)
class _Items:
    """All items in this process, ascending by number."""

    numbers: npt.NDArray[np.int32]
    als: Floats
    text: Floats
    popularity: Floats
    is_cold: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, sources: Sources) -> _Items:
        columns = ("idx", "als", "text", "popularity", "is_cold")
        table = sources.items.select(*columns).toArrow().sort_by("idx").combine_chunks()
        numbers, als, text, popularity, is_cold = (table[name].combine_chunks() for name in columns)
        scaled = popularity.to_numpy() / sources.scale.popularity
        return cls(numbers.to_numpy(), matrix(als), matrix(text), scaled, is_cold.to_numpy(zero_copy_only=False))

    def among(self, chosen: npt.NDArray[np.bool_]) -> _Items:
        return _Items(*(getattr(self, field.name)[chosen] for field in fields(self)))


def _sample(sources: Sources, queries: DataFrame, relevant: DataFrame) -> pa.Table:
    """At most `MOST_USERS` users: what they like in the window, and what the sources know of them."""
    wanted = relevant.groupBy(F.col("user_idx").alias("idx")).agg(F.collect_set("item_idx").alias("relevant"))
    sample = (
        queries.select("idx", "excluded")
        .join(wanted, "idx")
        .orderBy(F.xxhash64("idx"), "idx")
        .limit(MOST_USERS)
        .join(sources.users, "idx", "left")
        .orderBy(F.xxhash64("idx"), "idx")
        .select(
            "relevant",
            F.coalesce("excluded", F.array().cast("array<int>")).alias("excluded"),
            F.coalesce("likes", F.lit(0)).alias("likes"),
            F.coalesce("als", zeros(len(sources.scale.als))).alias("als"),
            F.coalesce("text", zeros(len(sources.scale.text))).alias("text"),
        )
    )
    return sample.toArrow().combine_chunks()


def _cases(sample: pa.Table, scale: Scale, items: _Items) -> Iterator[Case]:
    """What each source says of its best items; users who like none of `items` in the window do not count."""
    for batch in sample.to_batches(USERS_AT_ONCE):
        als, text = scale.scaled(matrix(batch["als"]), matrix(batch["text"]))
        scores = np.stack(
            [als @ items.als.T, text @ items.text.T, np.broadcast_to(items.popularity, (len(als), items.numbers.size))]
        )
        groups = group_of(batch["likes"].to_numpy())
        for user in range(batch.num_rows):
            known, likes = (
                np.isin(items.numbers, batch[name][user].values.to_numpy()) for name in ("excluded", "relevant")
            )
            likes &= ~known
            if likes.any():
                yield _case(int(groups[user]), scores[:, user], np.flatnonzero(~known), likes)


def _case(group: int, scores: Floats, allowed: Ints, likes: npt.NDArray[np.bool_]) -> Case:
    most = min(CANDIDATES, allowed.size)
    best = [allowed[np.argpartition(-one[allowed], most - 1)[:most]] for one in scores]
    candidates = np.unique(np.concatenate(best))
    return Case(group, scores[:, candidates].T.astype(np.float64), likes[candidates], int(likes.sum()))


def _best(cases: Sequence[Case]) -> Weights:
    """The weights of the highest mean nDCG@10 of each group, or of all where a group is small."""
    tried = grid()
    found = np.stack([_ndcg(cases, np.tile(mix, (len(LIKES_FROM), 1))) for mix in tried], axis=1)
    groups = np.array([case.group for case in cases])
    weights = dict(ALS_ALONE)
    for group, likes in enumerate(LIKES_FROM):
        own = groups == group
        chosen = found[own] if np.count_nonzero(own) >= FEWEST_OF_GROUP else found
        if likes and len(chosen):
            weights[likes] = tuple(tried[chosen.mean(axis=0).argmax()].tolist())
    return weights


def _mixes(weights: Weights) -> dict[str, Doubles]:
    """Each source alone, all, and all but one."""
    learned = as_matrix(weights)
    only = np.eye(len(SOURCES))
    alone = {f"{name} alone": np.tile(only[at], (len(learned), 1)) for at, name in enumerate(SOURCES)}
    return {**alone, "all": learned, **{f"all but {name}": learned * (1 - only[at]) for at, name in enumerate(SOURCES)}}


def _ndcg(cases: Sequence[Case], weights: Doubles) -> Doubles:
    """nDCG@10 of each case, as `gold.judging.metrics` defines it."""
    discounts = 1 / np.log2(np.arange(2, K + 2))
    values = np.zeros(len(cases))
    for at, case in enumerate(cases):
        best = np.argsort(-(case.parts @ weights[case.group]), kind="stable")[:K]
        values[at] = discounts[: best.size][case.relevant[best]].sum() / discounts[: case.num_relevant].sum()
    return values
