"""Which model of sessions finds the next item: `python -m benchmarks.sessions [--train FILE --test FILE]`.

Without files, sessions are simulated. The files have columns SessionId, ItemId and Time, separated by tabs, as the
rsc15 sample in the GitHub project rn5l/session-rec has. Every event of a test session but its first is to be found from
those before it. Neighbours, factors and popularity are RecLake's own; session kNN, which does not serve, is here to
compare with.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
import pandas as pd
import typer
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from rich.console import Console
from scipy.sparse import csr_matrix

from benchmarks.lakes import benchmark_home
from gold.engines.fold_in import folded_in
from gold.engines.vectors import collected
from gold.shop import factors
from gold.shop.interests import interests
from gold.shop.item_item import ItemItem, neighbours
from gold.shop.judging import K, SessionSplit
from gold.shop.popular import by_sessions
from lakehouse.scratch import Scratch, scratch_folder
from lakehouse.settings import ClickWeights
from reclake.report import table_of
from silver.shop.item_activity import COUNTED

WEIGHTS = ClickWeights()
MOST_NEIGHBOURS = 100
NEAREST_SESSIONS, RECENT_SESSIONS = 100, 500
"""Of session kNN: how many sessions recommend, and among how many of the newest that share an item they are chosen."""
AT_ONCE = 512
COLUMNS = ("model", "recall", "MRR", "recall, new only", "MRR, new only", "seconds")

Scores = npt.NDArray[np.float64]
Scorer = Callable[[slice], Scores]
"""Queries from one number to another, to a row of scores of all items for each."""


def main(
    train: Annotated[Path | None, typer.Option(help="Events to train on.", exists=True)] = None,
    test: Annotated[Path | None, typer.Option(help="Events of later sessions.", exists=True)] = None,
) -> None:
    """Measure every model on the next item of later sessions."""
    with benchmark_home() as lake, scratch_folder(lake) as scratch:
        if train and test:
            older, newer = (events_of(lake.spark.read.csv(str(file), sep="\t", header=True)) for file in (train, test))
        else:
            older, newer = divided(scratch("events", simulated(scratch)))
        compare(older, newer, scratch, Console(width=140))


def compare(older: DataFrame, newer: DataFrame, scratch: Scratch, console: Console) -> None:
    """Train on the sessions of some events and print how well each model finds the next item of others.

    Parameters
    ----------
    older, newer : DataFrame
        `session_id`, `item_id`, `timestamp`, `event_type`.
    """
    known = newer.join(older.select("item_id").distinct(), "item_id", "left_semi")
    queries = scratch("queries", next_items(known))
    bench = Bench(scratch("train", sessions_of(older)), scratch("given", sessions_of(given_events(queries))), queries)
    console.print(f"{bench.num_sessions:,} sessions, {len(bench.items):,} items, {len(bench.wanted):,} to find")
    rows = []
    for name, make in bench.models.items():
        with console.status(name):
            started = time.perf_counter()
            rows.append((name, *bench.measured(make()), f"{time.perf_counter() - started:.0f}"))
    console.print(table_of(f"The next item of a session, among the best {K}", COLUMNS, rows, COLUMNS[1:]))
    console.print("± is one standard error. New only: what the session holds is not recommended, as when serving.")
    console.print(bench.as_served())


def events_of(file: DataFrame) -> DataFrame:
    """Read a file of YooChoose: every event is a view."""
    return file.select(
        F.col("SessionId").alias("session_id"),
        F.col("ItemId").alias("item_id"),
        F.timestamp_micros((F.col("Time").cast("double") * 1_000_000).cast("long")).alias("timestamp"),
        F.lit("view").alias("event_type"),
    )


def simulated(scratch: Scratch) -> DataFrame:
    """Two simulated weeks of clicks, without faults and with everybody staying."""
    from producers.simulator.clicks import Simulation

    scratch.folder.mkdir(parents=True)
    file = scratch.folder / "clicks.jsonl"
    plain = {"duplicate_share": 0, "late_share": 0, "malformed_share": 0, "churners": 0}
    with file.open("wb") as out:
        for week in (0, 1):
            simulation = Simulation(run=week, events=100_000, users=2_000, **plain)
            out.writelines(record.value + b"\n" for record in simulation.event_records())
    fields = "session_id string, item_id string, timestamp timestamp, event_type string"
    return scratch.spark.read.schema(fields).json(str(file))


def divided(events: DataFrame) -> tuple[DataFrame, DataFrame]:
    """Divide events into those of the older four fifths of sessions and those of the others."""
    began = events.groupBy("session_id").agg(F.min(F.unix_micros("timestamp")).alias("began"))
    cut = began.agg(F.percentile("began", F.lit(0.8)).alias("cut"))
    newer = began.crossJoin(cut).where("began > cut").select("session_id")
    return events.join(newer, "session_id", "left_anti"), events.join(newer, "session_id", "left_semi")


def sessions_of(events: DataFrame) -> DataFrame:
    """What models need of `silver.sessions`, and `steps`: what happened, newest first, an item as often as it came."""
    items = events.groupBy("session_id", "item_id").agg(
        F.max("timestamp").alias("last_at"),
        *(F.count_if(F.col("event_type") == kind).alias(column) for column, kind in COUNTED.items()),
    )
    of_items = items.groupBy("session_id").agg(
        F.reverse(F.array_sort(F.collect_list(F.struct("last_at", "item_id", *COUNTED)))).alias("items"),
        F.max("last_at").alias("ended_at"),
    )
    steps = F.reverse(F.array_sort(F.collect_list(F.struct("timestamp", "item_id")))).alias("steps")
    return of_items.join(events.groupBy("session_id").agg(steps), "session_id").withColumnRenamed(
        "session_id", "session_key"
    )


def next_items(events: DataFrame) -> DataFrame:
    """Every event but the first of its session: `session_id` (of the query), `given` events and `wanted` item."""
    in_order = F.array_sort(F.collect_list(F.struct("timestamp", "item_id", "event_type"))).alias("events")
    return (
        events.groupBy("session_id")
        .agg(in_order)
        .where("size(events) > 1")
        .withColumn("number", F.explode(F.sequence(F.lit(1), F.size("events") - 1)))
        .select(
            F.concat_ws("-", "session_id", "number").alias("session_id"),
            F.slice("events", F.lit(1), F.col("number")).alias("given"),
            F.get("events", F.col("number"))["item_id"].alias("wanted"),
        )
    )


def given_events(queries: DataFrame) -> DataFrame:
    """The events that a query may look at."""
    return queries.select("session_id", F.inline("given"))


class Bench:
    """Sessions to train on, queries, and the models that answer them.

    Queries and items have numbers: their places among the sorted ids.
    """

    def __init__(self, train: DataFrame, given: DataFrame, queries: DataFrame) -> None:
        self._train, self._given = train, given
        self._queries = queries.select(F.col("session_id").alias("session_key"), F.col("wanted").alias("item_id"))
        listed = train.select("session_key", "ended_at", F.explode("items.item_id").alias("item_id")).toPandas()
        self.items = pd.Index(np.sort(listed["item_id"].unique()))
        sessions, ends = np.unique(listed["session_key"], return_inverse=True)
        self.num_sessions = sessions.size
        self._sessions = csr_matrix((np.ones(len(listed)), (ends, self.items.get_indexer(pd.Index(listed["item_id"])))))
        self._ended = listed.groupby(ends)["ended_at"].max().to_numpy()
        asked = self._queries.toPandas().sort_values("session_key")
        self.wanted = self.items.get_indexer(pd.Index(asked["item_id"]))
        self._keys = pd.Index(asked["session_key"])
        held = interests(given).toPandas()
        self._at = (
            self._keys.get_indexer(pd.Index(held["session_key"])),
            self.items.get_indexer(pd.Index(held["item_id"])),
        )
        self._place, self._interest = held["place"].to_numpy(), held["interest"].to_numpy()
        self._held = self._of_queries(np.ones(len(held)))

    @property
    def models(self) -> Mapping[str, Callable[[], Scorer]]:
        """What is compared, by name."""
        stepwise = self._train.select("session_key", F.col("steps").alias("items"))
        return {
            "popularity": self._popularity,
            "item-item": lambda: self._item_item(self._train),
            "item-item, an item beside itself too": lambda: self._item_item(stepwise),
            "session kNN": self._session_knn,
            "ALS fold-in, all items alike": lambda: self._als(np.ones_like(self._interest)),
            "ALS fold-in": lambda: self._als(self._interest),
        }

    def measured(self, scorer: Scorer) -> Iterator[str]:
        """Recall and MRR, first with all items allowed, then without those that the session holds."""
        ranks = [self._ranks(scorer, queries) for queries in self._blocks()]
        for allowed in np.concatenate(ranks, axis=1):
            found = allowed <= K
            for values in (found, np.where(found, 1 / allowed, 0)):
                yield f"{values.mean():.3f} ± {values.std() / len(values) ** 0.5:.3f}"

    def as_served(self) -> str:
        """Say what the code that serves reaches on the same queries; it has to be what the table has of new items."""
        trial = SessionSplit(self._train, self._given, self._queries)
        scores = trial.measure(ItemItem(neighbours(self._train, MOST_NEIGHBOURS)))
        return "As served, item-item: " + ", ".join(f"{m} {scores[f'{m}_at_{K}'][0]:.3f}" for m in ("recall", "mrr"))

    def _blocks(self) -> Iterator[slice]:
        return (slice(start, start + AT_ONCE) for start in range(0, len(self.wanted), AT_ONCE))

    def _ranks(self, scorer: Scorer, queries: slice) -> Scores:
        """Ranks of what is wanted, in a row with all items allowed and a row without those that the session holds."""
        scores, wanted = scorer(queries), self.wanted[queries]
        rows, columns = self._held[queries].nonzero()
        new_only = scores.copy()
        new_only[rows, columns] = -np.inf
        return np.stack([_rank(scores, wanted), _rank(new_only, wanted)])

    def _of_queries(self, values: Scores) -> csr_matrix:
        """A row per query with a value for each of its items."""
        return csr_matrix((values, self._at), shape=(len(self._keys), len(self.items)))

    def _popularity(self) -> Scorer:
        popular = by_sessions(self._train).items.toPandas().set_index("item_id")["popularity"]
        scores = popular.reindex(self.items).to_numpy()
        return lambda queries: np.tile(scores, (len(self.wanted[queries]), 1))

    def _item_item(self, sessions: DataFrame) -> Scorer:
        found = neighbours(sessions, MOST_NEIGHBOURS).toPandas()
        ends = (self.items.get_indexer(pd.Index(found[column])) for column in ("item_id", "similar_item_id"))
        weights = csr_matrix((found["similarity"], tuple(ends)), shape=(len(self.items), len(self.items)))
        asked = self._of_queries(self._interest)
        return lambda queries: (asked[queries] @ weights).toarray()

    def _session_knn(self) -> Scorer:
        """V-SKNN: the nearest of recent sessions that share an item, by inner product; later items weigh more."""
        sessions, by_item = self._sessions, self._sessions.tocsc()
        rarity = np.log(self.num_sessions / np.maximum(np.asarray(sessions.sum(axis=0)).ravel(), 1))
        length = np.bincount(self._at[0], minlength=len(self._keys))[self._at[0]]
        asked = self._of_queries((length - self._place + 1) / length)

        def scores(query: int) -> Scores:
            own = asked[query]
            sharing = np.unique(by_item[:, own.indices].indices)
            recent = sharing[np.argsort(-self._ended[sharing].astype(np.int64), kind="stable")[:RECENT_SESSIONS]]
            likeness = (sessions[recent] @ own.T).toarray().ravel()
            nearest = np.argsort(-likeness, kind="stable")[:NEAREST_SESSIONS]
            found: Scores = np.asarray(likeness[nearest] @ sessions[recent[nearest]]).ravel() * rarity
            return found

        return lambda queries: np.stack([scores(n) for n in range(*queries.indices(len(self.wanted)))])

    def _als(self, interest: Scores) -> Scorer:
        fitted = factors.fit(self._train, WEIGHTS)
        vectors = fitted.items.toPandas().set_index("item_id")["factors"].reindex(self.items)
        spark = self._train.sparkSession
        rows = pd.DataFrame({"user_idx": self._at[0], "item_idx": self._at[1], "engagement": interest})
        items = pd.DataFrame({"idx": range(len(self.items)), "factors": vectors.to_numpy()})
        engaged = spark.createDataFrame(rows, "user_idx int, item_idx int, engagement double")
        of_items = spark.createDataFrame(items, "idx int, factors array<float>")
        users = collected(folded_in(engaged, of_items, fitted.configuration)).of(np.arange(len(self.wanted)))
        columns = np.stack(vectors.to_list()).T
        return lambda queries: users[queries] @ columns


def _rank(scores: Scores, wanted: npt.NDArray[np.integer]) -> Scores:
    """The rank of each wanted item, equal scores by item; infinite where its score is 0 or less."""
    own = scores[np.arange(len(wanted)), wanted][:, None]
    before = (scores == own) & (np.arange(scores.shape[1]) < wanted[:, None])
    rank = 1 + np.count_nonzero(scores > own, axis=1) + np.count_nonzero(before, axis=1)
    return np.where(own[:, 0] > 0, rank, np.inf)


if __name__ == "__main__":
    typer.run(main)
