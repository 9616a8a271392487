"""Comparison: every kind of recommender on the same split, as nested MLflow runs and rows of a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from gold.engines.configuration import Configuration
from gold.judging.records import evaluation_rows
from gold.listening.competition import measure
from gold.listening.evaluation import Measured, Trial
from gold.listening.hybrid.learning import Learned
from gold.listening.hybrid.training import learn
from gold.listening.splits import Split, cut_of, global_split, leave_last_out, per_user_split, random_split, time_split
from gold.listening.trials import log_measured, open_trial
from lakehouse import tables
from lakehouse.errors import DataTooLargeError, TaskParameterError
from lakehouse.lake import Lakehouse
from lakehouse.scratch import scratch_folder
from lakehouse.settings import Settings
from lakehouse.tracking import tracked_run

SPLITS: Mapping[str, Callable[[DataFrame], Split]] = {
    "time": time_split,
    "global-time": lambda daily: global_split(daily, cut_of(daily)),
    "per-user-time": per_user_split,
    "leave-last-out": leave_last_out,
    "random": lambda daily: random_split(daily, seed=42),
}


@dataclass(frozen=True)
class Comparison:
    """Configurations as they were measured, best nDCG first, and mixes of sources beside what the settings ask for.

    Attributes
    ----------
    mixes : Learned, optional
        None where what the settings ask for does not fit one node.
    """

    measured: Sequence[Measured]
    mixes: Learned | None


def candidates(settings: Settings) -> Sequence[Configuration]:
    """Baselines, item-item models and both ALS engines; what the settings ask for comes last."""
    wanted = Configuration.of(settings)
    return [
        Configuration(engine="popularity", popularity_half_life_days=None),
        Configuration(engine="popularity", popularity_half_life_days=settings.popularity_half_life_days),
        *(Configuration.suitable(engine) for engine in ("item_knn", "ease", "implicit_als", "spark_als")),
        wanted,
    ]


def compare(
    lake: Lakehouse,
    configurations: Sequence[Configuration],
    split: str = "time",
    on_progress: Callable[[str], None] = lambda _: None,
) -> Comparison:
    """Measure configurations on one split, and the hybrid; what does not fit one node is left out and logged.

    Parameters
    ----------
    configurations : sequence of Configuration
        The last one has factors and is what the hybrid mixes with text and popularity.
    split : str
        A key of `SPLITS`.
    on_progress : callable
        Told the configuration that is being fitted.

    Raises
    ------
    TaskParameterError
        There is no such split.
    """
    if split not in SPLITS:
        raise TaskParameterError(f"There is no split {split!r}. Splits: {', '.join(SPLITS)}.")
    with tracked_run(lake.settings, f"evaluate on {split}") as run, scratch_folder(lake) as scratch:
        # Only here, because both libraries take a second to import.
        import mlflow

        from gold.judging.plots import metric_figure

        inputs = (tables.daily_engagement, tables.user_ids, tables.item_ids)
        mlflow.set_tags({f"version.{table}": lake.version(table) for table in inputs})
        trial = open_trial(lake, scratch, SPLITS[split])
        found = []
        for configuration in dict.fromkeys(configurations):
            on_progress(str(configuration))
            measured = _measured(trial, configuration)
            if measured:
                _log_figure(measured, log_measured(measured, trial.split.name))
                found.append(measured)
        shown = [(str(one.configuration), one.scores) for one in found]
        for metric in ("ndcg_at_10", "coverage_at_10"):
            mlflow.log_figure(metric_figure(shown, metric, trial.split.name), f"{metric}.png")
        lake.upsert(tables.model_evaluations, evaluation_rows(lake, dict(shown), trial.split.name, run.info.run_id))
        on_progress("mixes with text and popularity")
        wanted = [one for one in found if one.configuration == configurations[-1]]
        mixes = learn(lake, trial, wanted[0], scratch.part("hybrid")) if wanted else None
    return Comparison(sorted(found, key=lambda one: one.score, reverse=True), mixes)


def _measured(trial: Trial, configuration: Configuration) -> Measured | None:
    import mlflow

    try:
        return measure(trial, configuration)
    except DataTooLargeError as error:
        mlflow.set_tag(f"left out: {configuration.engine}", str(error))
        return None


def _log_figure(measured: Measured, run_id: str) -> None:
    import mlflow

    from gold.judging.plots import score_figure

    quantiles = F.percentile("score", [0.05, 0.5, 0.95]).alias("quantiles")
    rows = measured.best.groupBy("rank").agg(quantiles).orderBy("rank").collect()  # a row per rank
    if not rows:
        return
    figure = score_figure([(row["rank"], row["quantiles"]) for row in rows])
    mlflow.MlflowClient().log_figure(run_id, figure, "scores.png")
