"""The logged model: factors of users and episodes that answer with recommendations, without Spark or RecLake.

This file itself is what MLflow stores and runs ("models from code"), so a model can be loaded wherever numpy, pandas
and pyarrow are, and nothing is unpickled.
"""

from __future__ import annotations

from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.pyfunc.model import PythonModel, PythonModelContext


class Recommender(PythonModel):
    """Top-N episodes of known users, without those that they have completed.

    Artifacts are two Parquet folders: `users` (`user_id`, `factors`, `completed`) and `items` (`item_id`, `factors`).
    """

    def load_context(self, context: PythonModelContext) -> None:
        """Read the factors."""
        users = pd.read_parquet(context.artifacts["users"]).set_index("user_id")
        items = pd.read_parquet(context.artifacts["items"]).sort_values("item_id")
        self._users = users
        self._items = items["item_id"].to_numpy()
        self._vectors = np.stack(items["factors"].to_list()).astype(np.float32)

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Recommend to each `user_id` of the input; an unknown user gets no rows.

        Parameters
        ----------
        model_input : DataFrame
            `user_id`.
        params : dict, optional
            `n`: episodes per user, 10 by default.

        Returns
        -------
        DataFrame
            `user_id`, `recommended_episode_id`, `score`, `rank` from 1.
        """
        n = int((params or {}).get("n", 10))
        found = [self._best(user, n) for user in model_input["user_id"] if user in self._users.index]
        columns = ["user_id", "recommended_episode_id", "score", "rank"]
        return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=columns)

    def _best(self, user: str, n: int) -> pd.DataFrame:
        row = self._users.loc[user]
        scores = self._vectors @ np.asarray(row["factors"], dtype=np.float32)
        scores[np.isin(self._items, list(row["completed"]))] = -np.inf
        best = [i for i in np.lexsort((self._items, -scores))[:n] if scores[i] > -np.inf]
        return pd.DataFrame(
            {
                "user_id": user,
                "recommended_episode_id": self._items[best],
                "score": scores[best].astype(float),
                "rank": range(1, len(best) + 1),
            }
        )


mlflow.models.set_model(Recommender())
