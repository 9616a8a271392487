"""Scoring: the same predictions from the model in this process, or from the churn API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import httpx
import pandas as pd
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from gold.churn.features import INPUTS, WHOLE
from gold.churn.inputs import matrix
from gold.churn.registered import Champion, champion_version, load
from lakehouse.errors import ModelInputError, NothingToServeError, ServiceError
from lakehouse.settings import Settings

ROWS_A_REQUEST = 500
"""Rows in one request to the API."""
ATTEMPTS = 4
SECONDS = 10.0
"""Time that the API may take to answer."""


class Scorer(Protocol):
    """What predicts churn."""

    def score(self, inputs: pd.DataFrame) -> pd.DataFrame:
        """Predict churn of shoppers.

        Parameters
        ----------
        inputs : DataFrame
            Columns of `gold.churn.features.INPUTS`, null where an optional one is not known; others are left aside.

        Returns
        -------
        DataFrame
            With the index of `inputs`: `churn_probability`, `churned`, `threshold`, `imputed` (names separated by
            commas) and `model_version`.

        Raises
        ------
        ModelInputError
            A row lacks a required input or has an impossible value.
        NothingToServeError, ServiceError
            There is no model, or the API does not answer: what is not scored now can be later.
        """
        ...


@contextmanager
def scorer(settings: Settings) -> Iterator[Scorer]:
    """Open what the settings ask for: the API if `churn_api_url` is set, else the champion in this process.

    Raises
    ------
    NothingToServeError, ServiceError
        No model serves, or the registry does not answer.
    """
    if settings.churn_api_url is None:
        yield InProcess(load(settings, champion_version(settings)))
        return
    headers = settings.churn_api_headers
    with httpx.Client(base_url=settings.churn_api_url, headers=headers, timeout=SECONDS) as client:
        yield Api(client)


class InProcess:
    """The champion, loaded once."""

    def __init__(self, champion: Champion) -> None:
        self._champion = champion

    def score(self, inputs: pd.DataFrame) -> pd.DataFrame:
        """Predict churn of shoppers; see `Scorer`."""
        found = self._champion.model.predict(matrix(inputs)).frame(inputs.index)
        return found.assign(model_version=self._champion.version)


class Api:
    """The churn API, asked for `ROWS_A_REQUEST` rows at a time."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def score(self, inputs: pd.DataFrame) -> pd.DataFrame:
        """Predict churn of shoppers; see `Scorer`."""
        rows = [_body(row) for row in matrix(inputs).tolist()]
        answers = [self._ask(rows[first : first + ROWS_A_REQUEST]) for first in range(0, len(rows), ROWS_A_REQUEST)]
        found = [
            (
                one["churn_probability"],
                one["churned"],
                answer["threshold"],
                ",".join(one["imputed"]),
                answer["model_version"],
            )
            for answer in answers
            for one in answer["predictions"]
        ]
        columns = ["churn_probability", "churned", "threshold", "imputed", "model_version"]
        return pd.DataFrame(found, columns=columns, index=inputs.index)

    def _ask(self, rows: list[dict[str, float]]) -> dict[str, Any]:
        try:
            answer = _answered(self._client, rows)
        except (httpx.HTTPError, _TryAgainError) as error:
            raise ServiceError(
                f"The churn API {self._client.base_url} does not answer ({error or type(error).__name__}). Start it "
                "(`reclake serve churn`) or correct CHURN_API_URL; what is not scored now is in the next run."
            ) from None
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            raise NothingToServeError(f"The churn API {self._client.base_url} is not ready: {_detail(answer)}")
        if answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
            raise ModelInputError(f"The churn API refused rows: {_detail(answer)}")
        if answer.is_error:
            raise ServiceError(
                f"The churn API {self._client.base_url} refused the request ({answer.status_code}): {_detail(answer)}"
            )
        found: dict[str, Any] = answer.json()
        return found


class _TryAgainError(Exception):
    """The API is overloaded or failed."""


@retry(
    retry=retry_if_exception_type((httpx.TransportError, _TryAgainError)),
    stop=stop_after_attempt(ATTEMPTS),
    wait=wait_exponential_jitter(initial=0.2, max=5),
    reraise=True,
)
def _answered(client: httpx.Client, rows: list[dict[str, float]]) -> httpx.Response:
    answer = client.post("/predict/batch", json={"rows": rows})
    # Not ready is an answer; too many requests and a proxy's or the server's failure pass.
    if answer.status_code in (429, 500, 502, 504):
        raise _TryAgainError(f"status {answer.status_code}")
    return answer


def _body(row: list[float]) -> dict[str, float]:
    """Name the values that are known; whole numbers as such."""
    # A NaN is the only number that differs from itself.
    known = {name: value for name, value in zip(INPUTS, row, strict=True) if value == value}
    return {name: int(value) if name in WHOLE else value for name, value in known.items()}


def _detail(answer: httpx.Response) -> str:
    """What the API says; of another server's page only that it is one."""
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return "an answer that is not the churn API's"
