"""The logged model: factors and popularity that answer with recommendations, without Spark or RecLake.

This file itself is what MLflow stores and runs ("models from code"), so a model can be loaded wherever numpy, pandas
and pyarrow are, and nothing is unpickled.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.pyfunc.model import PythonModel, PythonModelContext


class Recommender(PythonModel):
    """Top-N episodes without those that a user has completed; unknown users get the popular ones.

    Artifacts are two Parquet folders, `users` (`user_id`, `factors`, `completed`) and `items` (`item_id`, `factors`,
    `popularity`), and the JSON file `configuration`.
    """

    def load_context(self, context: PythonModelContext) -> None:
        """Read the factors."""
        users = pd.read_parquet(context.artifacts["users"]).set_index("user_id")
        items = pd.read_parquet(context.artifacts["items"]).sort_values("item_id")
        self._users = users
        self._items = items["item_id"].to_numpy()
        self._vectors = np.stack(items["factors"].to_list()).astype(np.float32)
        self._popularity = items["popularity"].to_numpy(dtype=np.float32)
        self._share = json.loads(Path(context.artifacts["configuration"]).read_text())["popularity_share"]

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Recommend to each `user_id` of the input.

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
        found = [self._best(user, n) for user in model_input["user_id"]]
        columns = ["user_id", "recommended_episode_id", "score", "rank"]
        return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=columns)

    def _best(self, user: str, n: int) -> pd.DataFrame:
        scores = self._popularity.copy()
        if user in self._users.index:
            row = self._users.loc[user]
            if row["factors"] is not None:
                liked = self._vectors @ np.asarray(row["factors"], dtype=np.float32)
                scores = (1 - self._share) * liked + self._share * scores
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
