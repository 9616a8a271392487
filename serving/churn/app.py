"""The application: `POST /predict` and `/predict/batch`, and `/health`, `/ready`, `/metrics`, `/docs`."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
from fastapi import FastAPI, Request, Response, Security
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import APIKeyHeader
from fastapi_offline import FastAPIOffline
from prometheus_client import CONTENT_TYPE_LATEST

from gold.churn.features import Inputs
from gold.churn.registered import Champion
from lakehouse.errors import NothingToServeError
from lakehouse.settings import CHURN_KEY_HEADER, Settings
from serving.churn.answers import MOST_ROWS, Answer, Answers, Batch, Decision, FieldFault, Readiness, Refusal
from serving.churn.batching import Batching
from serving.churn.current import Current
from serving.churn.guard import MOST_BYTES, Guard, read_rate
from serving.churn.telemetry import Measured, Telemetry

PREDICT, PREDICT_BATCH, HEALTH, READY, METRICS = "/predict", "/predict/batch", "/health", "/ready", "/metrics"
_DESCRIPTION = f"""
Predicts which shoppers will not come back within the next days. Only `num_views`, `num_add_to_cart` and `num_purchases`
have to be given; the answer names what else was not and was filled with what is usual. Bodies have at most
{MOST_BYTES:,} bytes, batches {MOST_ROWS:,} rows.
"""
_MOST_FAULTS = 100
"""Faults that one answer lists."""
_REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": Refusal} for status in (401, 408, 413, 415, 422, 429, 503)
}


def create_app(settings: Settings) -> FastAPI:
    """Make the application; it loads the champion when it starts, and starts without one as well.

    Raises
    ------
    SettingsError
        The rate cannot be read.
    """
    rate = read_rate(settings.churn_api_rate)
    current = Current(settings)
    telemetry = Telemetry(current)

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(current.refresh)
        # What is there now stays: the collector need not walk over it during a request.
        gc.freeze()
        refreshing = asyncio.create_task(current.keep_fresh())
        yield
        refreshing.cancel()

    app = FastAPIOffline(
        title="RecLake churn",
        description=_DESCRIPTION,
        version="1",
        lifespan=running,
        redoc_url=None,
    )
    # Checked by the guard, before the body is read; said here for the pages.
    key = Security(APIKeyHeader(name=CHURN_KEY_HEADER, auto_error=False))

    @Batching
    def answered(rows: Sequence[Inputs]) -> list[Answer]:
        champion = _ready(current)
        made_by = {"threshold": champion.model.threshold, "model_version": champion.version}
        return [Answer(**dict(decision), **made_by) for decision in _decisions(champion, rows, telemetry)]

    @app.post(PREDICT, dependencies=[key], responses=_REFUSALS)
    async def predict(inputs: Inputs) -> Answer:
        """Predict one shopper."""
        return await answered(inputs)

    # Not async: a batch takes milliseconds, which single requests need not wait for.
    @app.post(PREDICT_BATCH, dependencies=[key], responses=_REFUSALS)
    def predict_batch(batch: Batch) -> Answers:
        """Predict several shoppers; one wrong row refuses all."""
        champion = _ready(current)
        return Answers(
            predictions=_decisions(champion, batch.rows, telemetry),
            threshold=champion.model.threshold,
            model_version=champion.version,
        )

    @app.get(HEALTH)
    async def health() -> dict[str, str]:
        """Say that the process runs."""
        return {"status": "ok"}

    @app.get(READY, responses={503: {"model": Readiness}})
    async def ready(response: Response) -> Readiness:
        """Say whether there is a model, and which."""
        champion = current.champion
        response.status_code = 200 if champion else 503
        return Readiness(
            ready=champion is not None,
            reason=current.reason,
            model_version=champion.version if champion else None,
            model=champion.model.kind if champion else None,
        )

    @app.get(METRICS, response_class=Response)
    async def metrics() -> Response:
        """Tell Prometheus."""
        return Response(telemetry.exposition(), media_type=CONTENT_TYPE_LATEST)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        # What was given is not repeated: it may be a NaN, which JSON cannot say, or very long.
        faults = [
            FieldFault(field=".".join(map(str, one["loc"][1:])) or "body", message=one["msg"]) for one in error.errors()
        ]
        shown = "; ".join(f"{fault.field}: {fault.message}" for fault in faults[:3])
        return JSONResponse(Refusal(detail=shown, faults=faults[:_MOST_FAULTS]).model_dump(), 422)

    @app.exception_handler(NothingToServeError)
    async def not_ready(_: Request, error: NothingToServeError) -> JSONResponse:
        return JSONResponse(Refusal(detail=str(error)).model_dump(), 503, headers={"Retry-After": "10"})

    guarded = frozenset((PREDICT, PREDICT_BATCH))
    secret = settings.churn_api_key
    app.add_middleware(Guard, paths=guarded, key=secret.get_secret_value() if secret else None, rate=rate)
    app.add_middleware(Measured, telemetry=telemetry, routes=guarded | {HEALTH, READY, METRICS})
    return app


def _ready(current: Current) -> Champion:
    if current.champion is None:
        raise NothingToServeError(current.reason)
    return current.champion


def _decisions(champion: Champion, rows: Sequence[Inputs], telemetry: Telemetry) -> list[Decision]:
    found = champion.model.predict(np.array([row.row() for row in rows]))
    telemetry.decided(found.churned)
    return [
        Decision(churned=churned, churn_probability=probability, imputed=list(imputed))
        for churned, probability, imputed in zip(
            found.churned.tolist(), found.probability.tolist(), found.imputed, strict=True
        )
    ]
