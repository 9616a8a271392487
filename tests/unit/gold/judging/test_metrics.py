"""Ranking metrics: against values computed by hand, and against ranx."""

import math

import numpy as np
import pytest
from ranx import Qrels, Run, evaluate

from gold.judging import metrics

RECOMMENDED, RELEVANT = "user_idx int, item_idx int, rank int", "user_idx int, item_idx int"


def measured(spark, recommended, relevant, k=3):
    rows = metrics.per_user(
        spark.createDataFrame(recommended, RECOMMENDED), spark.createDataFrame(relevant, RELEVANT), k
    )
    return {row["user_idx"]: {metric: row[metric] for metric in metrics.METRICS} for row in rows.collect()}


def test_hits_count_by_rank(spark):
    values = measured(spark, [(1, 10, 1), (1, 11, 2), (1, 12, 3), (1, 13, 4)], [(1, 10), (1, 12), (1, 13), (1, 99)])

    ideal = 1 + 1 / math.log2(3) + 1 / 2
    expected = {"ndcg": (1 + 1 / 2) / ideal, "map": (1 + 2 / 3) / 4, "recall": 2 / 4, "precision": 2 / 3, "mrr": 1}
    assert values[1] == pytest.approx(expected)


def test_perfect_is_one_and_nothing_recommended_is_zero(spark):
    values = measured(spark, [(1, 10, 1)], [(1, 10), (2, 10)], k=1)

    assert values == {1: dict.fromkeys(metrics.METRICS, 1.0), 2: dict.fromkeys(metrics.METRICS, 0.0)}


def test_an_independent_library_finds_the_same(spark):
    random = np.random.default_rng(1)
    recommended = {user: random.choice(60, size=random.integers(1, 20), replace=False) for user in range(40)}
    relevant = {user: random.choice(60, size=random.integers(1, 25), replace=False) for user in range(40)}
    qrels = Qrels({str(user): {str(i): 1 for i in items} for user, items in relevant.items()})
    run = Run(
        {str(u): {str(item): 100.0 - rank for rank, item in enumerate(items)} for u, items in recommended.items()}
    )

    ours = measured(
        spark,
        [(user, int(item), rank) for user, items in recommended.items() for rank, item in enumerate(items, 1)],
        [(user, int(item)) for user, items in relevant.items() for item in items],
        k=10,
    )

    theirs = evaluate(qrels, run, ["ndcg@10", "map@10", "recall@10", "precision@10", "mrr@10"])
    for metric in metrics.METRICS:
        mean = np.mean([values[metric] for values in ours.values()])
        assert mean == pytest.approx(theirs[f"{metric}@10"], abs=1e-9), metric


def test_users_without_relevant_items_do_not_count(spark):
    assert measured(spark, [(1, 10, 1), (5, 10, 1)], [(1, 10)]).keys() == {1}


def test_the_summary_has_means_and_standard_errors(spark):
    rows = spark.createDataFrame([(1, *[1.0] * 5), (2, 0.0, *[1.0] * 4)], ["user_idx", *metrics.METRICS])

    summary = metrics.summary(rows, 10)

    assert summary["ndcg_at_10"] == pytest.approx((0.5, math.sqrt(0.5) / math.sqrt(2)))
    assert summary["map_at_10"] == (1.0, 0.0)
    assert summary["num_users"] == (2.0, 0.0)


def test_the_catalogue_is_covered_by_what_anybody_is_shown(spark):
    shown = spark.createDataFrame([(1, 10, 1), (2, 10, 1), (2, 11, 2), (2, 12, 3)], RECOMMENDED)
    known = spark.createDataFrame([(1, 10), (2, 11), (3, 11), (4, 12), (4, 13)], RELEVANT)

    values = {name: value for name, (value, _) in metrics.of_catalogue(shown, known, k=2).items()}

    # Shown are 10 twice and 11 once, of four items; of four users one knows 10 and two know 11.
    assert values["coverage_at_2"] == 2 / 4
    assert values["novelty_at_2"] == pytest.approx((2 * 2 + 1) / 3)
    assert values["gini_at_2"] == pytest.approx(2 * (3 * 1 + 4 * 2) / (4 * 3) - 5 / 4)


def test_a_catalogue_of_which_nothing_is_shown_has_no_coverage(spark):
    nothing = spark.createDataFrame([], RECOMMENDED)

    values = metrics.of_catalogue(nothing, spark.createDataFrame([(1, 10)], RELEVANT), k=2)

    assert {value for value, _ in values.values()} == {0.0}
