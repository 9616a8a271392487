"""The funnel and churn: who goes how far, who is about to leave and what drives it; and what if."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from typing import Any

import pandas as pd

from gold.churn.features import INPUTS
from lakehouse import tables
from lakehouse.database.funnels import overall
from lakehouse.errors import RecLakeError, ServiceError
from serving.reading.figure import Figure
from serving.reading.stores import Stores

STEPS = ("viewed", "put into the cart", "bought")
_API_SECONDS = 5


def newest_window(stores: Stores) -> dt.datetime | None:
    """The end of the newest window of the funnel."""
    found = stores.database.rows("SELECT max(window_start) + interval '10 minutes' AS until FROM funnel_summary")
    until = found["until"].iloc[0]
    return None if pd.isna(until) else pd.Timestamp(until).to_pydatetime()


def funnel(stores: Stores, minutes: int) -> Figure:
    """How many shoppers went how far in the `minutes` up to the newest window.

    Returns
    -------
    Figure
        `step`, `shoppers` who did at least that much, `of_first` and `of_previous` (shares).
    """
    until = newest_window(stores)
    if until is None:
        return Figure(pd.DataFrame())
    found = stores.database.ask(lambda connection: overall(connection, until - dt.timedelta(minutes=minutes)))
    rows = pd.DataFrame({"step": STEPS, "shoppers": [found.viewed, found.carted, found.purchased]})
    rows["of_first"] = rows["shoppers"] / max(rows["shoppers"].iloc[0], 1)
    rows["of_previous"] = (rows["shoppers"] / rows["shoppers"].shift().replace(0, pd.NA)).astype(float)
    return Figure(rows, until=until)


def conversion(stores: Stores, minutes: int) -> Figure:
    """Shares of shoppers over time.

    Returns
    -------
    Figure
        `at` (begin of ten minutes; of an hour, or a day, where the time is longer), `shoppers`, `with_cart`,
        `bought` (shares of them), `is_final`.
    """
    until = newest_window(stores)
    if until is None:
        return Figure(pd.DataFrame())
    bucket = "10 minutes" if minutes <= 360 else "1 hour" if minutes <= 1_440 else "1 day"
    rows = stores.database.rows(
        """
        SELECT at, count(*) AS shoppers, avg((carts + purchases > 0)::int)::float8 AS with_cart,
               avg((purchases > 0)::int)::float8 AS bought, bool_and(final) AS is_final
        FROM (
            SELECT date_bin(%(bucket)s::interval, window_start, '2000-01-01+00') AS at, user_id,
                   sum(num_add_to_cart) AS carts, sum(num_purchases) AS purchases, bool_and(is_final) AS final
            FROM funnel_summary WHERE window_start >= %(since)s GROUP BY 1, 2
        ) AS shoppers GROUP BY at ORDER BY at
        """,
        bucket=bucket,
        since=until - dt.timedelta(minutes=minutes),
    )
    return Figure(rows, until=until)


def alerts(stores: Stores, n: int) -> Figure:
    """Shoppers of the newest day by churn probability, the highest first, with what the model was told of them.

    Who has been away for longer than the model looks back is no longer predicted; their last row stays in the store.

    Returns
    -------
    Figure
        `user_id`, `churn_probability`, `threshold`, `churned`, `as_of`, the inputs of `gold.churn_features` (missing
        where the lakehouse has none), `model_version`.
    """
    rows = stores.database.rows(
        f"""
        SELECT user_id, churn_probability, threshold, churned, as_of, predicted_at, model_version
        FROM {_newest_day("churn_prediction")} ORDER BY churn_probability DESC, user_id LIMIT %(n)s
        """,  # noqa: S608
        n=n,
    )
    if rows.empty:
        return Figure(rows)
    predicted_at = rows.pop("predicted_at").max().to_pydatetime()
    ids = {f"id{number}": str(one) for number, one in enumerate(rows["user_id"])}
    # Churn is in PostgreSQL; what the model was told is not, and may be away.
    with suppress(RecLakeError):
        known = stores.lake.rows(
            f"SELECT user_id, {', '.join(INPUTS)} FROM {_newest_day(tables.churn_features)} "  # noqa: S608 - ids are bound
            f"AND user_id IN ({', '.join(f'${name}' for name in ids)})",
            **ids,
        )
        rows = rows.merge(known, on="user_id", how="left")
        rows = rows[[*rows.columns.drop(["as_of", "model_version"]), "as_of", "model_version"]]
    return Figure(rows, predicted_at)


def summary(stores: Stores) -> Figure:
    """How probabilities of the newest day spread, in twentieths.

    Returns
    -------
    Figure
        `from_probability`, `shoppers`, `churned`, `threshold`.
    """
    rows = stores.database.rows(
        f"""
        SELECT least(floor(churn_probability * 20), 19)::int / 20.0::float8 AS from_probability, count(*) AS shoppers,
               count(*) FILTER (WHERE churned) AS churned, max(threshold) AS threshold, max(predicted_at) AS at
        FROM {_newest_day("churn_prediction")} GROUP BY 1 ORDER BY 1
        """  # noqa: S608
    )
    return Figure(rows, rows.pop("at").max().to_pydatetime() if len(rows) else None)


def usual(stores: Stores) -> Figure:
    """The median of each input over the shoppers that were looked at last: `input`, `median`."""
    medians = ", ".join(f"median({name}) AS {name}" for name in INPUTS)
    row = stores.lake.rows(f"SELECT {medians} FROM {_newest_day(tables.churn_features)}")  # noqa: S608
    rows = row.T.reset_index().set_axis(["input", "median"], axis=1).dropna()
    return Figure(rows, stores.lake.written_at(tables.churn_features))


def what_if(stores: Stores, inputs: dict[str, Any]) -> dict[str, Any]:
    """Ask the churn API about a shopper as if they were so.

    Returns
    -------
    dict
        `churned`, `churn_probability`, `threshold`, `model_version`, `imputed`.

    Raises
    ------
    ServiceError
        The API does not answer, or refuses; the message says why.
    """
    import httpx

    settings = stores.settings
    address = settings.churn_api_url or "http://127.0.0.1:8000"
    headers = settings.churn_api_headers
    try:
        answer = httpx.post(f"{address.rstrip('/')}/predict", json=inputs, headers=headers, timeout=_API_SECONDS)
    except httpx.HTTPError as error:
        raise ServiceError(
            f"The churn API at {address} does not answer ({type(error).__name__}). Start it with `reclake serve "
            "churn`, or set CHURN_API_URL."
        ) from None
    said: dict[str, Any] = (
        answer.json() if answer.headers.get("content-type", "").startswith("application/json") else {}
    )
    if answer.status_code != httpx.codes.OK:
        raise ServiceError(f"The churn API refused ({answer.status_code}): {said.get('detail', 'no reason given')}")
    return said


def _newest_day(table: object) -> str:
    """What follows FROM: a table of either store and which of its rows."""
    return f"{table} WHERE as_of = (SELECT max(as_of) FROM {table})"  # noqa: S608
