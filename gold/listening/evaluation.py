"""Offline evaluation: any configuration on the same split, measured on interactions that it has not seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from gold.engines import fitting
from gold.engines.configuration import Configuration
from gold.engines.model import Model
from gold.judging import metrics
from gold.judging.metrics import Scores
from gold.listening.interactions import interactions, numbered
from gold.listening.splits import Split
from lakehouse import tables
from lakehouse.errors import NothingToServeError, TooLittleDataError
from lakehouse.scratch import Scratch
from lakehouse.settings import EventWeights

K = 10

Reweighed = Callable[[EventWeights], DataFrame]
"""All daily engagement, with events weighed in another way than silver did."""


@dataclass(frozen=True)
class Measured:
    """How a configuration did: its recommendations, rows of `metrics.per_user`, and what they amount to."""

    configuration: Configuration
    model: Model
    best: DataFrame
    per_user: DataFrame
    scores: Scores

    @property
    def score(self) -> float:
        """What configurations are chosen by, nDCG@10."""
        return self.scores[f"ndcg_at_{K}"][0]


class Trial:
    """A split that configurations are measured on, with ids numbered and what all of them need made once.

    Measured are users with something in train, on held-out items with positive engagement. Every item that a user has
    in train is excluded, whatever is excluded when serving.

    Parameters
    ----------
    split : Split
    users, items : DataFrame
        `gold.user_ids` and `gold.item_ids`.
    reweighed : callable
        For configurations with event weights of their own; what is relevant stays what silver's weights say.
    scratch : Scratch
        Where intermediate rows are kept.

    Attributes
    ----------
    train : DataFrame
        Interactions of the train side, see `gold.listening.interactions.numbered`.
    queries : DataFrame
        The users that are measured: `idx`, and `excluded`, what they have in train.
    relevant : DataFrame
        What they like in test: `user_idx`, `item_idx`.

    Raises
    ------
    NothingToServeError
        There is no positive engagement on the train side.
    """

    def __init__(
        self, split: Split, users: DataFrame, items: DataFrame, reweighed: Reweighed, scratch: Scratch
    ) -> None:
        self.split = split
        self._users, self._items, self._reweighed, self._scratch = users, items, reweighed, scratch
        self._train: dict[tuple[float | None, EventWeights | None], DataFrame] = {}
        self._number = 0
        self.train = self._interactions(Configuration())
        if self.train.where("engagement > 0").isEmpty():
            raise NothingToServeError(
                f"There is no engagement to learn from: {tables.daily_engagement} is empty, or nobody likes anything. "
                "Run the jobs bronze and silver on events first; what is served stays."
            )
        seen = self.train.groupBy("user_idx").agg(F.collect_set("item_idx").alias("excluded"))
        liked = numbered(split.test.where("engagement > 0"), users, items)
        self.relevant = scratch("relevant", liked.join(seen, "user_idx", "left_semi"))
        self.queries = scratch(
            "queries", seen.join(self.relevant, "user_idx", "left_semi").withColumnRenamed("user_idx", "idx")
        )

    def on(self, split: Split, scratch: Scratch) -> Trial:
        """The same lakehouse on another split."""
        return Trial(split, self._users, self._items, self._reweighed, scratch)

    def fit(self, configuration: Configuration) -> Model:
        """Fit a configuration to the train side.

        Raises
        ------
        TooLittleDataError
            By the configuration's own weights of events nobody likes anything.
        """
        train = self._interactions(configuration)
        if configuration.weights and train.where("engagement > 0").isEmpty():
            raise TooLittleDataError(f"Nobody likes anything by {configuration.weights}.")
        return fitting.fit(train, configuration)

    def measure(self, model: Model, configuration: Configuration) -> Measured:
        """Measure a model, fitted here or elsewhere, on the test side."""
        self._number += 1
        best = model.recommend(self.queries, K).withColumnRenamed("idx", "user_idx")
        best = self._scratch(f"best-{self._number}", best)
        per_user = self._scratch(f"measured-{self._number}", metrics.per_user(best, self.relevant, K))
        catalogue = metrics.of_catalogue(best, self.train, K)
        return Measured(configuration, model, best, per_user, {**metrics.summary(per_user, K), **catalogue})

    def _interactions(self, configuration: Configuration) -> DataFrame:
        kind = (configuration.half_life_days, configuration.weights)
        if kind not in self._train:
            daily = self.split.train
            if configuration.weights:
                key = list(tables.daily_engagement.key)
                daily = self._reweighed(configuration.weights).join(daily.select(key), key, "left_semi")
            pairs = numbered(interactions(daily, configuration.half_life_days), self._users, self._items)
            self._train[kind] = self._scratch(f"train-{len(self._train)}", pairs)
        return self._train[kind]
