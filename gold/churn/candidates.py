"""What competes to predict churn: the rule of thumb, a linear model and boosted trees, all on the same features."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from gold.churn.classifier import ChurnModel, filled, usual
from gold.churn.features import FEATURES, features

if TYPE_CHECKING:
    from numpy.typing import NDArray

RECENCY, LOGISTIC, BOOSTING = "recency rule", "logistic regression", "gradient boosting"
SEED = 42


def recency_rule() -> Any:
    """Whoever has been away longer is likelier gone: nothing but `recency_days` counts, every day of it."""
    only = ColumnTransformer([("recency", "passthrough", [FEATURES.index("recency_days")])])
    return make_pipeline(only, LogisticRegression(random_state=SEED))


def logistic_regression() -> Any:
    """Linear in features and in their logarithms: counts spread over orders of magnitude, ratios do not."""
    everything = list(range(len(FEATURES)))
    both = ColumnTransformer(
        [("plain", "passthrough", everything), ("logarithm", FunctionTransformer(np.log1p), everything)]
    )
    return make_pipeline(both, StandardScaler(), LogisticRegression(C=0.1, max_iter=2_000, random_state=SEED))


def gradient_boosting() -> Any:
    """Small trees, many rows to a leaf and slow steps: shoppers are noisy."""
    return HistGradientBoostingClassifier(
        learning_rate=0.05,
        max_iter=100,
        max_leaf_nodes=8,
        min_samples_leaf=50,
        l2_regularization=1.0,
        random_state=SEED,
    )


CANDIDATES: Mapping[str, Callable[[], Any]] = {
    RECENCY: recency_rule,
    LOGISTIC: logistic_regression,
    BOOSTING: gradient_boosting,
}
"""Makers of estimators by name; the simpler one first, which serves if chance explains the difference."""


def fit(kind: str, inputs: NDArray[np.float64], churned: NDArray[np.bool_], threshold: float = 0.5) -> ChurnModel:
    """Fit a candidate to rows of `INPUTS`, NaN for what is not known."""
    medians = usual(inputs)
    estimator = CANDIDATES[kind]().fit(features(filled(inputs, medians)), churned)
    return ChurnModel(kind, estimator, medians, threshold)
