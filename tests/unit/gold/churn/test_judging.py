"""Judging: a fair split in time, the cheapest threshold, and intervals that are what a plain bootstrap gives."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from gold.churn.candidates import CANDIDATES, RECENCY, fit
from gold.churn.features import INPUTS
from gold.churn.judging import Costs, Rows, auc_pr, difference, judge, judged, resampled, time_split
from gold.judging.bootstrap import REPLICATES
from lakehouse.errors import ModelInputError, TooLittleDataError

PREDICTED = st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.2, 0.5, 0.9, 1.0]), st.booleans()), min_size=1, max_size=30)


def rows(users, days, churned):
    """Everybody on every day; `churned` of (user, day)."""
    first = dt.date(2024, 1, 1)
    found = [(f"u{user}", first + dt.timedelta(days=day), churned(user, day)) for user in range(users) for day in days]
    frame = pd.DataFrame(found, columns=["user_id", "as_of", "churned"])
    known = dict.fromkeys(INPUTS, 1.0) | {"recency_days": frame["churned"].astype(int) + 1}
    return frame.assign(**known)


@given(PREDICTED, st.sampled_from([0.5, 1.0, 5.0]), st.sampled_from([0.5, 1.0, 3.0]))
def test_no_threshold_is_cheaper(predicted, missed, alarm):
    probability, churned = (np.array(column) for column in zip(*predicted, strict=True))
    costs = Costs(missed, alarm)

    found = costs.of(probability >= costs.cheapest(probability, churned), churned)

    others = [*probability, 0.0, 1.0]
    assert found <= min(costs.of(probability >= one, churned) for one in others) + 1e-9


def test_the_dearer_a_missed_shopper_the_earlier_the_alarm():
    random = np.random.default_rng(1)
    probability = random.random(2_000)
    churned = random.random(2_000) < probability

    low, even, high = (Costs(missed, 1).cheapest(probability, churned) for missed in (9, 1, 1 / 9))

    assert abs(low - 0.1) < 0.07
    assert abs(even - 0.5) < 0.1
    assert abs(high - 0.9) < 0.07


def test_the_bootstrap_weighs_users_as_a_library_does():
    random = np.random.default_rng(3)
    frame = rows(40, range(0, 21, 7), lambda user, day: bool(random.random() < 0.3))
    known = Rows.of(frame)
    probability = random.random(len(known))

    found = list(resampled(known, probability))

    weights = np.random.default_rng(42).poisson(1, (50, 40))[:, known.user]
    expected = [average_precision_score(known.churned, probability, sample_weight=one) for one in weights]
    assert len(found) == REPLICATES
    np.testing.assert_allclose(found[:50], expected)


def test_equals_are_measured_as_if_in_any_order():
    random = np.random.default_rng(8)
    churned = random.random(20_000) < 0.2

    # Nothing is known of anybody: guessing reaches the share, whatever the ties.
    assert auc_pr(churned, np.zeros(20_000)) == pytest.approx(0.2, abs=0.01)
    assert auc_pr(churned, random.integers(3, size=20_000).astype(float)) == pytest.approx(0.2, abs=0.01)


def test_a_candidate_does_not_differ_from_itself(shoppers):
    split = time_split(Rows.of(shoppers), 7)
    one = judged(fit(RECENCY, split.train.inputs, split.train.churned), split.test, Costs(5, 1))

    found = difference(one, one)

    assert (found.mean, found.low, found.high) == (0, 0, 0)
    assert not found.is_gain
    assert not found.is_loss


def test_the_order_of_rows_changes_nothing(shoppers):
    split, mixed = (time_split(Rows.of(frame), 7) for frame in (shoppers, shoppers.sample(frac=1, random_state=5)))

    one, other = (judge(RECENCY, found, 7, Costs(5, 1)) for found in (split, mixed))

    assert one.scores == other.scores


@given(st.integers(1, 21), st.sets(st.integers(0, 100), min_size=8))
def test_no_label_that_is_learned_from_reaches_into_the_days_that_judge(horizon, days):
    if max(days) - min(days) < 3 * horizon + 30:
        days = {*days, min(days) - 3 * horizon - 30}
    # A day before any split, and both kinds on every day.
    frame = rows(2, {*days, -200}, lambda user, day: user == 0)

    split = time_split(Rows.of(frame), horizon)

    assert split.train.as_of.max() + np.timedelta64(horizon, "D") <= split.test.as_of.min()
    assert split.test.as_of.max() == np.datetime64(frame["as_of"].max())


@pytest.mark.parametrize(
    "frame",
    [
        rows(50, [0, 7, 14, 21], lambda user, day: True),
        rows(50, [0, 7, 14, 21], lambda user, day: False),
        rows(50, [0, 7, 14, 21], lambda user, day: user == 0 and day < 21),
        rows(50, [0], lambda user, day: user == 0),
        rows(50, [0, 6], lambda user, day: user == 0),
        rows(1, [], lambda user, day: True),
    ],
    ids=["all churned", "nobody did", "nobody lately", "one day", "days too close", "nothing"],
)
def test_too_little_to_judge_is_said(frame):
    with pytest.raises(TooLittleDataError, match="learn"):
        time_split(Rows.of(frame), 7)


def test_two_days_do_not_choose_a_threshold():
    split = time_split(Rows.of(rows(50, [0, 7], lambda user, day: user % 2 == 0)), 7)

    with pytest.raises(TooLittleDataError, match="three days"):
        judge(RECENCY, split, 7, Costs(5, 1))


def test_a_row_without_a_label_is_refused():
    frame = rows(2, [0], lambda user, day: user == 0).astype({"churned": "boolean"})
    frame.loc[0, "churned"] = None

    with pytest.raises(ModelInputError, match="churned is missing"):
        Rows.of(frame)


@pytest.mark.parametrize("kind", CANDIDATES)
def test_candidates_are_better_than_guessing_and_calibrated(shoppers, kind):
    found = judge(kind, time_split(Rows.of(shoppers), 7), 7, Costs(5, 1)).scores

    share = shoppers["churned"].mean()
    assert found["auc_pr"][0] > 1.5 * share
    assert found["auc_roc"][0] > 0.65
    # Telling everybody the share of all has this Brier score.
    assert found["brier"][0] < share * (1 - share)
    assert 0 <= found["threshold"][0] <= 1
