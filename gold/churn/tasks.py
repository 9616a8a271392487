"""The tasks of churn: features of today, predictions, and the training that they come from."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from gold.churn import activity
from gold.churn.endpoint import serve_champion
from gold.churn.features import HISTORY_DAYS, INPUTS, MOST_TENURE_DAYS
from gold.churn.scoring import scorer
from gold.judging.records import evaluation_rows
from lakehouse import tables
from lakehouse.errors import NothingToServeError, ServiceError, TooLittleDataError
from lakehouse.lake import Lakehouse
from lakehouse.scratch import Scratch, scratch_folder
from lakehouse.spark import as_read
from lakehouse.task import task

if TYPE_CHECKING:
    from gold.churn.training import Trained

U, C, P = tables.daily_user_activity.c, tables.churn_features.c, tables.churn_predictions.c

ROWS_AT_ONCE = 50_000
MOST_ROWS = 500_000
"""Rows that a training looks at; of more, all rows of a sample of the shoppers."""
MOST_WEEKS = 26

log = logging.getLogger(__name__)


@task
def update_churn_features(lake: Lakehouse) -> None:
    """Find out what is known of shoppers before the newest day: of all when a day begins, then of whom it changes."""
    if new := lake.changes(tables.daily_user_activity, "churn_features", into=[tables.churn_features]):
        known = _newest(lake.read(tables.churn_features), C.as_of)
        arrived = _newest(new.feed, U.day)
        if arrived is None:
            # There was activity, and now there is none.
            lake.replace(tables.churn_features, lake.read(tables.churn_features).limit(0))
        elif known is None or new.is_whole or arrived > known:
            lake.replace(tables.churn_features, activity.inputs(_history(lake, [arrived]), [arrived]))
        else:
            # What happens on the newest day counts from the day after it on.
            earlier = new.touched(U.user_id, U.day).where(F.col(U.day) < F.lit(known)).select(U.user_id).distinct()
            _update_features(lake, earlier, known)
        new.commit()


@task
def predict_churn(lake: Lakehouse) -> None:
    """Predict churn where features changed, or of everybody when another model serves.

    Until there is a model nothing is predicted, and nothing is lost: the first run with one catches up.

    Raises
    ------
    ServiceError
        The registry or the API does not answer; the next run catches up.
    """
    try:
        if new := lake.changes(tables.churn_features, "churn_predictions", into=[tables.churn_predictions]):
            # Of days before, which the features no longer know, the predictions stay.
            today = F.col(C.as_of) == F.lit(_newest(lake.read(tables.churn_features), C.as_of))
            scope = new.touched(*tables.churn_features.key).where(today)
            features = lake.read(tables.churn_features, among=scope)
            with scratch_folder(lake) as scratch:
                lake.refresh(tables.churn_predictions, _scored(lake, features, scratch), scope)
            new.commit()
    except NothingToServeError as error:
        log.warning("no churn is predicted yet: %s", error)


@task
def train_churn(lake: Lakehouse) -> None:
    """Train the churn model on weekly looks at the past; see `train`."""
    train(lake)


def train(lake: Lakehouse) -> Trained:
    """Train the churn model, keep what was measured, and let everybody be predicted anew if another version serves.

    Raises
    ------
    TooLittleDataError
        The history is too short, or everybody or nobody churned.
    """
    from gold.churn import training

    version = lake.version(tables.daily_user_activity)
    trained = training.train(lake.settings, training_rows(lake), {tables.daily_user_activity: version})
    measured = evaluation_rows(lake, trained.scores, training.SPLIT, trained.run_id, trained.version)
    lake.upsert(tables.model_evaluations, measured)
    if trained.serves:
        lake.progress.forget("churn_predictions")
    try:
        serve_champion(lake.settings)
    except ServiceError as error:
        # The model serves everywhere else, and a task that failed would train it again.
        log.error("%s", error)
    return trained


def training_rows(lake: Lakehouse) -> pd.DataFrame:
    """Inputs and label of shoppers, a week apart, of the last `MOST_WEEKS` weeks whose label is known."""
    horizon = lake.settings.churn_horizon_days
    span = lake.read(tables.daily_user_activity).agg(F.min(U.day), F.max(U.day)).first()
    days = activity.weekly(span[1], span[0], horizon)[-MOST_WEEKS:] if span and span[0] else []
    if not days:
        raise TooLittleDataError(
            f"There is no churn to learn from: activity of more than {horizon} days is needed. Let shoppers shop "
            "(`reclake simulate clickstream --weeks 12`), run `reclake run realtime`, and train then."
        )
    rows = activity.labelled(_history(lake, days), days, horizon)
    count = rows.count()
    if count > MOST_ROWS:
        log.info("%d rows are more than one process learns from: a sample of the shoppers is taken", count)
        rows = rows.where(F.pmod(F.xxhash64(C.user_id), F.lit(count)) < MOST_ROWS)
    return rows.toPandas()  # about MOST_ROWS at most


def _update_features(lake: Lakehouse, users: DataFrame, as_of: dt.date) -> None:
    if not users.isEmpty():
        theirs = _history(lake, [as_of]).join(users, U.user_id, "left_semi")
        scope = users.withColumn(C.as_of, F.lit(as_of))
        lake.refresh(tables.churn_features, activity.inputs(theirs, [as_of]), scope)


def _newest(rows: DataFrame, column: str) -> dt.date | None:
    found = rows.agg(F.max(column)).first()
    assert found is not None
    day: dt.date | None = found[0]
    return day


def _history(lake: Lakehouse, days: list[dt.date]) -> DataFrame:
    """What tenure and counts before `days` need to know, and what labels after them do."""
    oldest = min(days) - dt.timedelta(days=max(MOST_TENURE_DAYS, HISTORY_DAYS))
    return lake.read(tables.daily_user_activity).where(F.col(U.day) >= F.lit(oldest))


def _scored(lake: Lakehouse, features: DataFrame, scratch: Scratch) -> DataFrame:
    """Predict in this process, which may ask the API, a bounded number of rows at a time."""
    folder = scratch.folder / "scored"
    folder.mkdir(parents=True)
    columns = [P.user_id, P.as_of, P.churn_probability, P.churned, P.threshold, P.model_version]
    with scorer(lake.settings) as model:
        for number, rows in enumerate(_batches(features.select(C.user_id, C.as_of, *INPUTS))):
            found = pd.concat([rows, model.score(rows)], axis=1)[columns]
            found.to_parquet(folder / f"{number}.parquet", index=False)
    schema = ", ".join(
        f"{column} {tables.churn_predictions.schema[column].dataType.simpleString()}" for column in columns
    )
    return lake.spark.read.schema(schema).parquet(as_read(folder)).withColumn(P.generated_at, F.current_timestamp())


def _batches(rows: DataFrame) -> Iterator[pd.DataFrame]:
    found = rows.toLocalIterator(prefetchPartitions=True)
    while batch := list(islice(found, ROWS_AT_ONCE)):
        yield pd.DataFrame(batch, columns=rows.columns)
