"""The logged churn model: inputs in, decisions out, with the code of RecLake that it was trained with beside it.

This file is what MLflow stores and runs ("models from code"); nothing is unpickled.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from gold.churn.classifier import ChurnModel
from gold.churn.inputs import matrix


class Churn(PythonModel):
    """Probability of churn and decision for each row of `gold.churn.features.INPUTS`."""

    def load_context(self, context: PythonModelContext) -> None:
        """Read the model."""
        self._model = ChurnModel.load(Path(context.artifacts["model"]))

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Predict.

        Parameters
        ----------
        model_input : DataFrame
            `num_views`, `num_add_to_cart`, `num_purchases`, and any of the other inputs.

        Returns
        -------
        DataFrame
            `churn_probability`, `churned`, `threshold` and `imputed`, the names of inputs that were not given.
        """
        return self._model.predict(matrix(model_input)).frame(model_input.index)


mlflow.models.set_model(Churn())
