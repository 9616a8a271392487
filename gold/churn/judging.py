"""Which candidate predicts churn best: split in time, measured on what came later, chance ruled out user by user."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from gold.churn.candidates import fit
from gold.churn.classifier import ChurnModel
from gold.churn.inputs import matrix
from gold.judging.bootstrap import REPLICATES, Difference, interval
from lakehouse.errors import ModelInputError, TooLittleDataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

TEST_SHARE = 0.2
"""Share of the days `as_of`, the newest, that judges."""
_SEED = 42
_AT_ONCE = 50
"""Replicates of a bootstrap that are in memory together."""


@dataclass(frozen=True)
class Costs:
    """What wrong decisions cost, in any unit: a churned shopper `missed`, an `alarm` about one who stays."""

    missed: float
    alarm: float

    def of(self, alarmed: NDArray[np.bool_], churned: NDArray[np.bool_]) -> float:
        """The mean cost of decisions per shopper."""
        return float((self.missed * (churned & ~alarmed) + self.alarm * (alarmed & ~churned)).mean())

    def cheapest(self, probability: NDArray[np.float64], churned: NDArray[np.bool_]) -> float:
        """The threshold, 0..1, with the least cost; of equal ones the one nearest to what calibration would give."""
        values, place = np.unique(probability, return_inverse=True)
        lost = np.bincount(place, self.missed * churned, len(values))
        saved = np.bincount(place, self.alarm * ~churned, len(values))
        # A threshold at values[i] misses all that lies below, and alarms about all others.
        cost = np.concatenate(([0], np.cumsum(lost))) + saved.sum() - np.concatenate(([0], np.cumsum(saved)))
        # The last cost is that of no alarm at all, which 1 stands for unless somebody's probability is 1.
        choices, cost = (values, cost[:-1]) if values[-1] >= 1 else (np.append(values, 1.0), cost)
        cheap = choices[np.isclose(cost, cost.min())]
        return float(cheap[np.argmin(np.abs(cheap - self.alarm / (self.alarm + self.missed)))])


@dataclass(frozen=True)
class Rows:
    """Labelled shoppers, one per user and day; arrays of the same length."""

    user: NDArray[np.int64]
    as_of: NDArray[np.datetime64]
    inputs: NDArray[np.float64]
    churned: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.user)

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Self:
        """Read `user_id`, `as_of`, `churned` and the columns of `INPUTS`.

        Raises
        ------
        ModelInputError
            A required input or a label is missing, or a count is negative.
        """
        inputs = matrix(frame)
        if frame["churned"].isna().any():
            raise ModelInputError("churned is missing in a row that the churn model should learn from.")
        # Sorted, so that nothing depends on the order in which rows come.
        order = np.lexsort((frame["user_id"].to_numpy(str), frame["as_of"].to_numpy("datetime64[D]")))
        user = np.unique(frame["user_id"].to_numpy(str), return_inverse=True)[1]
        as_of, churned = frame["as_of"].to_numpy("datetime64[D]"), frame["churned"].to_numpy(bool)
        return cls(user[order], as_of[order], inputs[order], churned[order])

    def where(self, chosen: NDArray[np.bool_]) -> Self:
        """Choose rows."""
        return type(self)(self.user[chosen], self.as_of[chosen], self.inputs[chosen], self.churned[chosen])


@dataclass(frozen=True)
class Split:
    """Older rows to learn from, and the newest to judge on; no label of the older reaches into the newest days."""

    train: Rows
    test: Rows


def time_split(rows: Rows, horizon_days: int) -> Split:
    """Divide rows by `as_of`: the newest fifth of the days judges; a label has to be known by then to be learned from.

    Raises
    ------
    TooLittleDataError
        A side has no rows, or one kind of shopper only.
    """
    days = np.unique(rows.as_of)
    if not len(days):
        raise TooLittleDataError("There is nobody to learn churn from. Run the jobs bronze, silver and shop on clicks.")
    first = days[-max(1, round(TEST_SHARE * len(days)))]
    known = first - np.timedelta64(horizon_days, "D")
    split = Split(rows.where(rows.as_of <= known), rows.where(rows.as_of >= first))
    for side, found in (("before", split.train), ("from", split.test)):
        if len(np.unique(found.churned)) < 2:
            raise TooLittleDataError(
                f"Churn cannot be learned: of {len(found):,} rows {side} {first} "
                f"{int(found.churned.sum()):,} churned, and both kinds are needed. Let more weeks of clicks come in: "
                f"at least three days as_of that lie {horizon_days} days apart."
            )
    return split


@dataclass(frozen=True)
class Judged:
    """A candidate fitted to the train side, and what it said of the test side."""

    model: ChurnModel
    test: Rows
    probability: NDArray[np.float64]
    costs: Costs

    @property
    def kind(self) -> str:
        """Which candidate it is."""
        return self.model.kind

    @property
    def scores(self) -> Mapping[str, tuple[float, float]]:
        """Metrics with their standard errors over users (0: not estimated)."""
        churned, alarmed = self.test.churned, self.probability >= self.model.threshold
        errors = np.std(list(resampled(self.test, self.probability)))
        return {
            "auc_pr": (auc_pr(churned, self.probability), float(errors)),
            "auc_roc": (float(roc_auc_score(churned, self.probability)), 0.0),
            "brier": (float(brier_score_loss(churned, self.probability)), 0.0),
            "threshold": (self.model.threshold, 0.0),
            "precision": (float(churned[alarmed].mean()) if alarmed.any() else 0.0, 0.0),
            "recall": (float(alarmed[churned].mean()), 0.0),
            "cost": (self.costs.of(alarmed, churned), 0.0),
            "num_users": (float(len(np.unique(self.test.user))), 0.0),
        }


def judge(kind: str, split: Split, horizon_days: int, costs: Costs) -> Judged:
    """Fit a candidate to the train side, choose its threshold there, and predict the test side.

    The threshold is the cheapest one on the newest fifth of the train side, for a fit to what is older.
    """
    inner = time_split(split.train, horizon_days)
    trial = fit(kind, inner.train.inputs, inner.train.churned)
    threshold = costs.cheapest(trial.predict(inner.test.inputs).probability, inner.test.churned)
    model = fit(kind, split.train.inputs, split.train.churned, threshold)
    return judged(model, split.test, costs)


def judged(model: ChurnModel, test: Rows, costs: Costs) -> Judged:
    """Measure a model that is there."""
    return Judged(model, test, model.predict(test.inputs).probability, costs)


def on(one: Judged, chosen: NDArray[np.bool_]) -> Judged:
    """The same on some rows of the test side."""
    return replace(one, test=one.test.where(chosen), probability=one.probability[chosen])


def difference(ours: Judged, theirs: Judged) -> Difference:
    """Compare the AUC-PR of two on the same rows, by a paired bootstrap over users (Poisson weights)."""
    measured = [auc_pr(one.test.churned, one.probability) for one in (ours, theirs)]
    pairs = zip(*(resampled(one.test, one.probability) for one in (ours, theirs)), strict=True)
    low, high = interval([first - second for first, second in pairs])
    users = len(np.unique(ours.test.user))
    return Difference(measured[0] - measured[1], low, high, users)


def ranked(probability: NDArray[np.float64]) -> NDArray[np.int64]:
    """Rows from the most probable to the least, equal ones in a random order that depends on their number alone.

    Average precision counts a group of equals as if its worst came first: a rule that knows 28 days would look worse
    than it is beside a model that never says the same twice.
    """
    chance = np.random.default_rng(_SEED).random(len(probability))
    order: NDArray[np.int64] = np.lexsort((chance, -probability))
    return order


def auc_pr(churned: NDArray[np.bool_], probability: NDArray[np.float64]) -> float:
    """The area under the curve of precision over recall, as average precision."""
    places = np.empty(len(probability))
    places[ranked(probability)] = np.arange(len(probability))
    return float(average_precision_score(churned, -places))


def resampled(test: Rows, probability: NDArray[np.float64]) -> Iterator[float]:
    """AUC-PR in each replicate of a bootstrap over users, which weighs each by an independent Poisson(1) number.

    As `auc_pr` measures it, with one sort for all replicates.
    """
    numbers, user = np.unique(test.user, return_inverse=True)
    order = ranked(probability)
    churned, user = test.churned[order], user[order]
    random = np.random.default_rng(_SEED)
    for _ in range(0, REPLICATES, _AT_ONCE):
        weights = random.poisson(1, (_AT_ONCE, len(numbers)))[:, user]
        found = np.cumsum(weights * churned, axis=1)
        precision = found / np.maximum(np.cumsum(weights, axis=1), 1)
        total = (weights * churned * precision).sum(axis=1)
        yield from (total / np.maximum(found[:, -1], 1)).tolist()
