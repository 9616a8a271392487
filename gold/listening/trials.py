"""Trials on the lakehouse: its engagement split and ready, and each configuration's scores in a run of its own."""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import DataFrame

from gold.judging.records import log_scores
from gold.listening.engaged import reweighed
from gold.listening.evaluation import Measured, Trial
from gold.listening.splits import Split, time_split
from lakehouse import tables
from lakehouse.lake import Lakehouse
from lakehouse.scratch import Scratch


def open_trial(lake: Lakehouse, scratch: Scratch, split: Callable[[DataFrame], Split] = time_split) -> Trial:
    """Split the lakehouse's engagement, ready to measure configurations."""
    daily, users, items = (lake.read(t) for t in (tables.daily_engagement, tables.user_ids, tables.item_ids))
    return Trial(split(daily), users, items, lambda weights: reweighed(lake, weights), scratch)


def log_measured(measured: Measured, split: str) -> str:
    """Log a configuration and its scores as a nested run, and return its id; all have the same names of metrics."""
    configuration = measured.configuration
    tags = {"engine": configuration.engine}
    return log_scores(str(configuration), measured.scores, split, tags, configuration.model_dump())
