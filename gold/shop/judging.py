"""Judging: candidates trained on older sessions have to find the newest item of newer ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from gold.judging.metrics import Scores, per_user, summary
from gold.shop.model import SessionModel
from lakehouse import tables
from lakehouse.scratch import Scratch

S = tables.sessions.c

K = 20
METRIC = f"mrr_at_{K}"
TEST_SHARE = 0.2
MOST_JUDGED = 20_000
"""Sessions that decide: the standard error of a share is then at most .004."""

Fit = Callable[[DataFrame], SessionModel]
"""Sessions to a model."""


@dataclass(frozen=True)
class SessionSplit:
    """Sessions to train on, and newer ones to judge by.

    Attributes
    ----------
    train : DataFrame
        Sessions.
    given : DataFrame
        What is known of each judged session: its items without the one touched last.
    wanted : DataFrame
        `session_key`, `item_id`: that item.
    """

    train: DataFrame
    given: DataFrame
    wanted: DataFrame

    def written_to(self, scratch: Scratch) -> SessionSplit:
        """The same, computed once for all that is to be measured."""
        return SessionSplit(scratch("train", self.train), scratch("given", self.given), scratch("wanted", self.wanted))

    def measure(self, model: SessionModel) -> Scores:
        """Measure recall, MRR and others at `K`, with standard errors over sessions; see `gold.judging.metrics`."""
        best, wanted = (
            rows.withColumnsRenamed({"session_key": "user_idx", "item_id": "item_idx"})
            for rows in (model.recommend(self.given, K), self.wanted)
        )
        return summary(per_user(best, wanted, K), K)


def time_split(sessions: DataFrame) -> SessionSplit:
    """Judge by the newest sessions, those that began in the last `TEST_SHARE` of all, cut before their last item.

    Parameters
    ----------
    sessions : DataFrame
        `session_key`, `started_at`, `items`. Of many new sessions with two items or more, `MOST_JUDGED` are taken,
        always the same ones.
    """
    began = F.unix_micros(S.started_at)
    cut = sessions.agg(F.percentile(began, F.lit(1 - TEST_SHARE)).alias("cut"))
    placed = sessions.crossJoin(F.broadcast(cut)).withColumn("is_new", began > F.col("cut")).drop("cut")
    return cut_sessions(
        placed.where(~F.col("is_new")).drop("is_new"),
        placed.where("is_new AND size(items) > 1")
        .drop("is_new")
        .orderBy(F.xxhash64(S.session_key), S.session_key)
        .limit(MOST_JUDGED),
    )


def cut_sessions(train: DataFrame, judged: DataFrame) -> SessionSplit:
    """Judge by given sessions: everything but the newest item of each is known, and that item is to be found."""
    given = judged.withColumn("items", F.slice("items", F.lit(2), F.size("items")))
    wanted = judged.select("session_key", F.get("items", F.lit(0))["item_id"].alias("item_id"))
    return SessionSplit(train, given, wanted)


def best_of(scores: Mapping[str, Scores]) -> str:
    """Name the candidate with the highest MRR; of equal ones the first."""
    return max(scores, key=lambda name: scores[name][METRIC][0])
