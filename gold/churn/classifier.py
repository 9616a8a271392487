"""The churn model: fills gaps, derives features, and turns a probability into a decision by its threshold."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import sklearn
import skops.io

from gold.churn.features import INPUTS, OPTIONAL, features, fingerprint
from lakehouse.errors import NothingToServeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

MODEL, ESTIMATOR = "model.json", "estimator.skops"
"""Names of the files that a saved model consists of."""
_TRUSTED = ["sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"]
"""What skops wants to have named: arrays of nodes. All else that training makes it knows by itself."""
_PARTS_OF_EVENTS = [INPUTS.index(name) for name in ("recent_events", "active_days", "num_sessions")]
_EVENTS = [INPUTS.index(name) for name in ("num_views", "num_add_to_cart", "num_purchases", "num_clicks")]
_OPTIONAL = [(INPUTS.index(name), name) for name in OPTIONAL]


@dataclass(frozen=True)
class Prediction:
    """Predictions, one per shopper.

    Attributes
    ----------
    probability : array
        Of no activity within the horizon, 0..1.
    churned : array of bool
        Whether the probability reaches the threshold.
    imputed : sequence of tuples
        Names of the inputs that were not given and were filled with what is usual.
    threshold : float
        The probability from which on a shopper counts as churned.
    """

    probability: NDArray[np.float64]
    churned: NDArray[np.bool_]
    imputed: Sequence[tuple[str, ...]]
    threshold: float

    def frame(self, index: pd.Index) -> pd.DataFrame:
        """As columns `churn_probability`, `churned`, `threshold` and `imputed`, its names separated by commas."""
        return pd.DataFrame(
            {
                "churn_probability": self.probability,
                "churned": self.churned,
                "threshold": self.threshold,
                "imputed": [",".join(names) for names in self.imputed],
            },
            index=index,
        )


@dataclass(frozen=True)
class ChurnModel:
    """A fitted model.

    Attributes
    ----------
    kind : str
        Which candidate it is, see `gold.churn.candidates`.
    estimator : scikit-learn classifier
        Of features, see `gold.churn.features`; class 1 is churn.
    medians : array (len(INPUTS),)
        Of the inputs that it learned from, for those that are not given.
    threshold : float
        The probability from which on a shopper counts as churned.
    """

    kind: str
    estimator: Any
    medians: NDArray[np.float64]
    threshold: float

    def predict(self, inputs: NDArray[np.float64]) -> Prediction:
        """Predict for rows of `INPUTS`, NaN for what is not known; each row by itself."""
        if not len(inputs):
            return Prediction(np.empty(0), np.empty(0, bool), [], self.threshold)
        missing = np.isnan(inputs)
        probability = self.estimator.predict_proba(features(filled(inputs, self.medians)))[:, 1]
        imputed = [tuple(name for column, name in _OPTIONAL if row[column]) for row in missing.tolist()]
        return Prediction(probability, probability >= self.threshold, imputed, self.threshold)

    def save(self, folder: Path) -> None:
        """Write the files of the model."""
        folder.mkdir(parents=True, exist_ok=True)
        skops.io.dump(self.estimator, folder / ESTIMATOR)
        described = {
            "kind": self.kind,
            "threshold": self.threshold,
            "medians": dict(zip(INPUTS, self.medians.tolist(), strict=True)),
            **_made_by(),
        }
        (folder / MODEL).write_text(json.dumps(described, indent=1))

    @classmethod
    def load(cls, folder: Path) -> ChurnModel:
        """Read a saved model; nothing is unpickled.

        Raises
        ------
        NothingToServeError
            A file is missing or broken, or another version of RecLake or scikit-learn made it.
        """
        try:
            described = json.loads((folder / MODEL).read_text())
            made_by = {key: described.get(key) for key in _made_by()}
            if made_by != _made_by():
                raise NothingToServeError(
                    f"The churn model was made by another version ({_said(made_by)}; here: {_said(_made_by())}). "
                    "Train it again: `reclake train churn`."
                )
            estimator = skops.io.load(folder / ESTIMATOR, trusted=_TRUSTED)
            medians = np.array([described["medians"][name] for name in INPUTS])
            return cls(described["kind"], estimator, medians, float(described["threshold"]))
        except NothingToServeError:
            raise
        # A damaged file fails in whatever part of the reader meets it first.
        except Exception as error:
            raise NothingToServeError(
                f"The files of the churn model cannot be read ({type(error).__name__}). "
                "Train it again: `reclake train churn`."
            ) from error


def usual(inputs: NDArray[np.float64]) -> NDArray[np.float64]:
    """The median of each input where it is known; 0 where it never is."""
    known = ~np.isnan(inputs).all(axis=0)
    medians = np.zeros(len(INPUTS))
    medians[known] = np.nanmedian(inputs[:, known], axis=0)
    return medians


def filled(inputs: NDArray[np.float64], medians: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fill gaps with medians, but let nobody have more recent events, active days or sessions than events."""
    missing = np.isnan(inputs)
    whole = np.where(missing, medians, inputs)
    events = whole[:, _EVENTS].sum(axis=1)
    for column in _PARTS_OF_EVENTS:
        whole[:, column] = np.where(missing[:, column], np.minimum(whole[:, column], events), whole[:, column])
    return whole


def _made_by() -> dict[str, str]:
    # Trees of one release of scikit-learn may be misread by the next.
    return {"features": fingerprint(), "scikit_learn": ".".join(sklearn.__version__.split(".")[:2])}


def _said(made_by: dict[str, str]) -> str:
    return ", ".join(f"{key} {value}" for key, value in made_by.items())
