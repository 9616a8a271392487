"""Diversity: recommendations re-ranked so that each differs from those above it (maximal marginal relevance)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.sql import DataFrame

from gold.engines.factors import Factors
from gold.engines.top_n import SCHEMA, Batches, by_user
from gold.engines.vectors import CLOSURE_BYTES, Floats, Vectors, collected, slices, unit
from lakehouse.errors import DataTooLargeError

POOL = 4
"""Candidates per recommendation that is wanted."""


@dataclass(frozen=True)
class Diverse:
    """A factor model whose recommendations are re-ranked; otherwise as `gold.engines.model.Model`.

    Attributes
    ----------
    share : float
        From 0, the order of the scores, to 1, where only the first item's score counts.
    """

    factors: Factors
    share: float

    def recommend(self, queries: DataFrame, n: int) -> DataFrame:
        """Choose `n` items for each user in `queries` among the best `POOL * n`."""
        if not self.share:
            return self.factors.recommend(queries, n)
        return diversified(self.factors.recommend(queries, POOL * n), self.factors.likeness, n, self.share)

    def similar_items(self, n: int) -> DataFrame:
        """Find the `n` nearest items of each item; what is asked for is likeness, so nothing is re-ranked."""
        return self.factors.similar_items(n)


def diversified(best: DataFrame, items: DataFrame, n: int, share: float) -> DataFrame:
    """Choose and order `n` of each user's candidates by maximal marginal relevance.

    Parameters
    ----------
    best : DataFrame
        `idx`, `item_idx`, `score`, `rank`: the candidates.
    items : DataFrame
        `idx`, `factors`: what the likeness of two items is the cosine of; like nothing where the item has none.
    share : float
        See `chosen`.

    Returns
    -------
    DataFrame
        `idx`, `item_idx`, `score` as it was, and the new `rank` from 1.

    Raises
    ------
    DataTooLargeError
        The vectors do not fit what the workers can be handed.
    """
    units = collected(unit(items))
    if units.rows.nbytes > CLOSURE_BYTES:
        raise DataTooLargeError(
            f"The vectors of {units.numbers.size:,} items are more than the workers can be handed to diversify "
            "recommendations. Set DIVERSITY to 0, or train with a smaller rank."
        )
    return by_user(best).mapInArrow(_orderer(units, n, share), SCHEMA)


def chosen(scores: npt.NDArray[np.float64], units: Floats, n: int, share: float) -> list[int]:
    """Choose `n` candidates one after the other, each the best of what is left (Carbonell and Goldstein 1998).

    A candidate's worth is `(1 - share) * score - share * likeness`: its score, scaled to at most 1 and the lowest to 0,
    and the highest cosine with anything chosen before.

    Parameters
    ----------
    scores : array (candidates,)
        Highest first.
    units : array (candidates, rank)
        Vectors of length 1, or zeros for a candidate that is like no other.

    Returns
    -------
    list of int
        Positions in `scores`, first choice first.
    """
    spread = float(np.ptp(scores)) or 1.0
    worth = (1 - share) * (scores - scores.min()) / spread
    likeness = np.full(scores.size, -np.inf)
    picked = [0]
    while len(picked) < min(n, scores.size):
        likeness = np.maximum(likeness, units @ units[picked[-1]])
        marginal = worth - share * likeness
        marginal[picked] = -np.inf
        picked.append(int(np.argmax(marginal)))
    return picked


def _orderer(units: Vectors, n: int, share: float) -> Callable[[Batches], Batches]:
    def order(batches: Batches) -> Batches:
        for batch in batches:
            candidates = batch["best"].flatten()
            items, scores = (candidates.field(name).to_numpy() for name in ("item_idx", "score"))
            vectors = units.of(items)
            picked = [
                own.start + np.asarray(chosen(scores[own], vectors[own], n, share)) for own in slices(batch["best"])
            ]
            rows = np.concatenate(picked)
            yield pa.record_batch(
                {
                    "idx": np.repeat(batch["idx"].to_numpy(), [one.size for one in picked]),
                    "item_idx": items[rows],
                    "score": scores[rows],
                    "rank": np.concatenate([np.arange(1, one.size + 1, dtype=np.int32) for one in picked]),
                }
            )

    return order
