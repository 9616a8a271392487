"""The shape that models of sessions have: trained on some sessions, they recommend to any."""

from __future__ import annotations

from typing import Protocol

from pyspark.sql import DataFrame

RECOMMENDED = "session_key string, item_id string, score double, rank int, because_item_id string"


class SessionModel(Protocol):
    """A trained model of sessions."""

    def recommend(self, sessions: DataFrame, n: int) -> DataFrame:
        """Find up to `n` items for each session, none of them in it.

        Parameters
        ----------
        sessions : DataFrame
            `session_key`, and `items` as in `silver.sessions`.

        Returns
        -------
        DataFrame
            `RECOMMENDED`: `score` above 0, `rank` from 1, equal scores by item, and the item of the session that adds
            most to the score, or null where none does.
        """
