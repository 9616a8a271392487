"""Rows of inputs as a matrix, the shape in which training, the scoring task and the logged model hand them over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gold.churn.features import INPUTS, REQUIRED
from lakehouse.errors import ModelInputError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def matrix(frame: pd.DataFrame) -> NDArray[np.float64]:
    """The columns of `INPUTS` as a matrix, NaN where an optional one is null or not there.

    Raises
    ------
    ModelInputError
        A required input is missing, or a value is negative or infinite.
    """
    inputs = frame.reindex(columns=list(INPUTS)).to_numpy(float, na_value=np.nan)
    missing = np.isnan(inputs)
    for column, name in enumerate(INPUTS):
        if name in REQUIRED and missing[:, column].any():
            raise ModelInputError(f"{name} is missing in a row that the churn model was given.")
        if not (missing[:, column] | ((inputs[:, column] >= 0) & np.isfinite(inputs[:, column]))).all():
            raise ModelInputError(
                f"{name} has to be a number from 0 on, and is not in a row that the churn model was given."
            )
    return inputs
