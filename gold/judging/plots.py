"""Figures of comparisons and searches, as MLflow shows them beside a run."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from gold.judging.metrics import Scores
from gold.judging.rules import CONFIDENCE_95

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Predicted = tuple[str, NDArray[np.float64], NDArray[np.bool_]]
    """Who predicted, the probabilities, and what came true."""

_BLUE, _GREY = "#0072b2", "#6e6e6e"
"""Told apart by people who are colour-blind as well."""
_SERIES = (("#e69f00", "s"), ("#009e73", "^"), (_BLUE, "o"))
"""Colours and marks of several in one figure."""


def metric_figure(scores: Sequence[tuple[str, Scores]], metric: str, split: str) -> Figure:
    """A metric of each recommender, the best on top, with its 95 % interval over users where it is a mean over users.

    Parameters
    ----------
    scores : sequence of (name, Scores)
        What was measured, see `gold.judging.metrics.summary`.
    """
    ordered = sorted(scores, key=lambda one: one[1][metric][0])
    values = [found[metric][0] for _, found in ordered]
    errors = [CONFIDENCE_95 * found[metric][1] for _, found in ordered]
    names = [name for name, _ in ordered]
    figure = Figure(figsize=(9, 0.5 * len(names) + 1.5), layout="constrained")
    axes = figure.subplots()
    axes.errorbar(values, names, xerr=errors, fmt="o", color=_BLUE, ecolor=_GREY, capsize=4)
    axes.margins(y=0.5 / len(names))
    axes.set_xlim(left=0)
    interval = " with 95 % intervals over users" if any(errors) else ""
    axes.set_xlabel(f"{metric.replace('_at_', '@')}{interval}, split {split}")
    axes.grid(axis="x", alpha=0.3)
    return figure


def search_figure(scores: Sequence[float]) -> Figure:
    """The score of each trial of a search in order, and the best so far."""
    trials = range(1, len(scores) + 1)
    best = [max(scores[:number]) for number in trials]
    figure = Figure(figsize=(9, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot(trials, scores, "o", color=_GREY, label="trial")
    axes.step(trials, best, where="post", color=_BLUE, label="best so far")
    axes.set_xlabel("trial that was not given up")
    axes.set_ylabel("nDCG@10")
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def score_figure(by_rank: Sequence[tuple[int, Sequence[float]]]) -> Figure:
    """How high recommendations score, rank by rank.

    Parameters
    ----------
    by_rank : sequence of (rank, quantiles)
        The 5 %, 50 % and 95 % quantile over users.
    """
    ranks = [rank for rank, _ in by_rank]
    low, middle, high = zip(*(quantiles for _, quantiles in by_rank), strict=True)
    figure = Figure(figsize=(9, 4), layout="constrained")
    axes = figure.subplots()
    axes.fill_between(ranks, low, high, color=_BLUE, alpha=0.2, linewidth=0, label="90 % of users")
    axes.plot(ranks, middle, "o-", color=_BLUE, label="median user")
    axes.set_xlabel("rank")
    axes.set_ylabel("score")
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def reliability_figure(predicted: Sequence[Predicted]) -> Figure:
    """How often what was predicted came true: each point is a tenth of the rows, and on the diagonal if calibrated."""
    from sklearn.calibration import calibration_curve

    figure = Figure(figsize=(6, 6), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], "--", color=_GREY, label="calibrated")
    for (name, probability, came_true), (colour, marker) in zip(predicted, cycle(_SERIES)):
        share, mean = calibration_curve(came_true, probability, n_bins=10, strategy="quantile")
        axes.plot(mean, share, marker=marker, color=colour, label=name)
    axes.set_xlabel("mean probability")
    axes.set_ylabel("share that churned")
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def precision_recall_figure(predicted: Sequence[Predicted]) -> Figure:
    """Precision at each recall, with the share of all that came true, which guessing reaches."""
    from sklearn.metrics import precision_recall_curve

    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.subplots()
    for (name, probability, came_true), (colour, _) in zip(predicted, cycle(_SERIES)):
        precision, recall, _ = precision_recall_curve(came_true, probability)
        axes.step(recall, precision, where="post", color=colour, label=name)
    axes.axhline(float(predicted[0][2].mean()), linestyle="--", color=_GREY, label="guessing")
    axes.set_xlabel("recall")
    axes.set_ylabel("precision")
    axes.set_ylim(0, 1)
    axes.grid(alpha=0.3)
    axes.legend()
    return figure
