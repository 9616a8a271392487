"""Does a model tell better than the days since the last event who leaves? `python -m benchmarks.churn`.

Shoppers are simulated, a fifth of whom fade out and stop for good on a day that is known. Candidates are trained and
judged as `reclake train churn` does it, on the label that a shop can see (no event in the next seven days); what the
label cannot see, whether somebody is gone for good, is measured beside it. Spark is not needed.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Annotated, Any

import duckdb
import numpy as np
import pandas as pd
import typer
from rich.console import Console

from gold.churn.candidates import CANDIDATES, RECENCY
from gold.churn.features import HISTORY_DAYS, MOST_TENURE_DAYS, RECENT_DAYS
from gold.churn.judging import Costs, Judged, Rows, auc_pr, difference, judge, time_split
from gold.churn.training import decided
from lakehouse.settings import Settings
from producers.simulator.clicks import Simulation
from producers.simulator.people import user_id
from producers.simulator.weeks import START
from reclake.report import table_of

HORIZON_DAYS = 7
COLUMNS = (
    "seed",
    "candidate",
    "AUC-PR",
    "over the rule",
    "AUC-ROC",
    "Brier",
    "threshold",
    "cost",
    "AUC-PR, gone",
    "over the rule",
)
_INPUTS = """
    WITH events AS (SELECT *, timestamp::DATE AS day FROM clicks),
    firsts AS (SELECT user_id, min(day) AS first_day FROM events GROUP BY user_id),
    sessions AS (
        SELECT user_id, session_id, min(day) AS day, epoch(max(timestamp) - min(timestamp)) AS seconds
        FROM events GROUP BY user_id, session_id
    ),
    asked AS (SELECT unnest($days::DATE[]) AS as_of),
    lengths AS (
        SELECT user_id, as_of, avg(seconds) AS mean_session_seconds
        FROM sessions JOIN asked ON day < as_of AND day >= as_of - $history GROUP BY user_id, as_of
    ),
    active AS (
        SELECT DISTINCT user_id, as_of FROM events JOIN asked ON day >= as_of AND day < as_of + $horizon
    ),
    counted AS (
        SELECT
            user_id,
            as_of,
            count(*) FILTER (event_type = 'view') AS num_views,
            count(*) FILTER (event_type = 'add_to_cart') AS num_add_to_cart,
            count(*) FILTER (event_type = 'purchase') AS num_purchases,
            count(*) FILTER (event_type = 'click') AS num_clicks,
            count(*) FILTER (day >= as_of - $recent) AS recent_events,
            as_of - max(day) AS recency_days,
            count(DISTINCT day) AS active_days,
            count(DISTINCT session_id) AS num_sessions
        FROM events JOIN asked ON day < as_of AND day >= as_of - $history GROUP BY user_id, as_of
    )
    SELECT
        counted.*,
        mean_session_seconds,
        least(as_of - first_day, $tenure) AS tenure_days,
        active.user_id IS NULL AS churned
    FROM counted
    JOIN firsts USING (user_id)
    LEFT JOIN lengths USING (user_id, as_of)
    LEFT JOIN active ON active.user_id = counted.user_id AND active.as_of = counted.as_of
    ORDER BY as_of, user_id
"""
_FAULTLESS: dict[str, Any] = {"duplicate_share": 0.0, "late_share": 0.0, "malformed_share": 0.0}


def main(
    seeds: Annotated[int, typer.Option(min=1, help="Simulations, of seeds 1, 2, ...")] = 3,
    weeks: Annotated[int, typer.Option(min=8, help="Of shopping.")] = 14,
    users: Annotated[int, typer.Option(min=10, help="Shoppers.")] = 2_000,
    events: Annotated[int, typer.Option(min=1_000, help="Events per week.")] = 60_000,
    churners: Annotated[float, typer.Option(min=0, max=1, help="Share of shoppers who leave.")] = 0.2,
) -> None:
    """Measure the candidates on simulated shoppers."""
    console, settings = Console(), Settings()
    costs = Costs(settings.churn_cost_missed, settings.churn_cost_alarm)
    rows = []
    for seed in range(1, seeds + 1):
        with console.status(f"Seed {seed}"):
            frame = labelled(seed, weeks, users, events, churners)
            known = Rows.of(frame)
            split = time_split(known, HORIZON_DAYS)
            gone = gone_for_good(frame, seed, users, churners)[known.as_of >= split.test.as_of.min()]
            measured = {kind: judge(kind, split, HORIZON_DAYS, costs) for kind in CANDIDATES}
            rows += [(str(seed), *_cells(one, measured[RECENCY], gone)) for one in measured.values()]
        console.print(
            f"Seed {seed}: {len(split.train):,} rows to learn from, {len(split.test):,} of "
            f"{len(np.unique(split.test.user)):,} shoppers to judge on; {split.test.churned.mean():.1%} had no event "
            f"in the next {HORIZON_DAYS} days, {gone.mean():.1%} were gone. {decided(measured, RECENCY)[1]}"
        )
    console.print(table_of("Who leaves, on the newest fifth of the days", COLUMNS, rows, COLUMNS[2:]))


def labelled(seed: int, weeks: int, users: int, events: int, churners: float) -> pd.DataFrame:
    """Simulate shopping and look at it once a week: inputs and label of whoever did something in the days before.

    Returns
    -------
    DataFrame
        `user_id`, `as_of`, the inputs (see `gold.churn.features`) and `churned`, in order.
    """
    runs = [
        Simulation(seed=seed, run=run, events=events, users=users, churners=churners, **_FAULTLESS)
        for run in range(weeks)
    ]
    clicks = pd.DataFrame([json.loads(record.value) for run in runs for record in run.event_records()])
    clicks["timestamp"] = pd.to_datetime(clicks["timestamp"]).dt.tz_localize(None)
    days = [(START + pd.Timedelta(days=7 * week)).date() for week in range(HISTORY_DAYS // 7, weeks)]
    with duckdb.connect() as database:
        database.register("clicks", clicks)
        spans = {"recent": RECENT_DAYS, "history": HISTORY_DAYS, "tenure": MOST_TENURE_DAYS, "horizon": HORIZON_DAYS}
        return database.execute(_INPUTS, {"days": days, **spans}).df()


def gone_for_good(frame: pd.DataFrame, seed: int, users: int, churners: float) -> np.ndarray:
    """Whether the shopper of each row, by day and user, has stopped for good: the truth behind the label."""
    truth = Simulation(seed=seed, users=users, churners=churners).truth
    stops = pd.Series(truth.stops, [user_id(number) for number in range(users)])
    ordered = frame.sort_values(["as_of", "user_id"])
    passed = (pd.to_datetime(ordered["as_of"]) - pd.Timestamp(START.date())).dt.days
    return passed.to_numpy() >= stops[ordered["user_id"]].to_numpy()


def _cells(one: Judged, rule: Judged, gone: np.ndarray) -> tuple[str, ...]:
    scores = one.scores
    value, error = scores["auc_pr"]

    def of_truth(candidate: Judged) -> Judged:
        return replace(candidate, test=replace(candidate.test, churned=gone))

    return (
        one.kind,
        f"{value:.3f} ± {error:.3f}",
        "" if one is rule else _interval(one, rule),
        *(f"{scores[name][0]:.3f}" for name in ("auc_roc", "brier", "threshold", "cost")),
        f"{auc_pr(gone, one.probability):.3f}",
        "" if one is rule else _interval(of_truth(one), of_truth(rule)),
    )


def _interval(ours: Judged, theirs: Judged) -> str:
    found = difference(ours, theirs)
    return f"{found.mean:+.3f} ({found.low:+.3f} to {found.high:+.3f})"


if __name__ == "__main__":
    typer.run(main)
