"""Features by hand, and what holds for any shopper."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydantic import ValidationError

from gold.churn import features as module
from gold.churn.features import DERIVED, FEATURES, INPUTS, WHOLE, Inputs, features, fingerprint

COUNTS = [INPUTS.index(name) for name in INPUTS if name.startswith("num_") or name == "recent_events"]
ROWS = arrays(np.float64, st.tuples(st.integers(1, 8), st.just(len(INPUTS))), elements=st.integers(0, 365).map(float))


def derived(**inputs):
    row = features(np.array([[float(inputs.get(name, 0)) for name in INPUTS]]))[0]
    return dict(zip(FEATURES, row.tolist(), strict=True))


def test_all_inputs_are_whole_numbers_but_the_length_of_a_session():
    assert set(INPUTS) - WHOLE == {"mean_session_seconds"}


def test_a_shopper_by_hand():
    found = derived(
        num_views=20,
        num_add_to_cart=10,
        num_purchases=5,
        num_clicks=5,
        recent_events=5,
        recency_days=3,
        active_days=7,
        num_sessions=8,
        tenure_days=100,
    )

    assert {name: found[name] for name in DERIVED} == {
        "num_events": 40,
        "cart_rate": 0.5,
        "purchase_rate": 0.5,
        "conversion": 0.25,
        "frequency": 0.25,
        # 5 in 7 days, against 40 in 28.
        "trend": 0.5,
        # Three days away, and usually four between active days.
        "overdue": 0.75,
        "events_per_session": 5,
    }


def test_days_before_the_first_event_do_not_count():
    found = derived(num_views=4, recent_events=4, recency_days=1, active_days=2, tenure_days=4)

    assert found["frequency"] == 0.5
    assert found["trend"] == 1


def test_ratios_without_a_denominator_are_zero():
    assert set(derived().values()) == {0.0}


@given(ROWS)
def test_features_are_numbers_from_zero_on_whatever_comes(inputs):
    found = features(inputs)

    assert np.isfinite(found).all()
    assert (found >= 0).all()


@given(ROWS, st.randoms(use_true_random=False))
def test_a_row_depends_on_itself_alone(inputs, random):
    order = random.sample(range(len(inputs)), len(inputs))

    np.testing.assert_array_equal(features(inputs[order]), features(inputs)[order])
    np.testing.assert_array_equal(features(inputs[:1]), features(inputs)[:1])


@given(ROWS, st.sampled_from([2.0, 4.0, 16.0]))
def test_ratios_do_not_depend_on_how_much_a_shopper_does(inputs, times):
    more = inputs.copy()
    more[:, COUNTS] *= times
    unchanged = [FEATURES.index(name) for name in DERIVED if name != "num_events"]

    np.testing.assert_allclose(features(more)[:, unchanged], features(inputs)[:, unchanged])


def test_another_definition_has_another_fingerprint(monkeypatch):
    before = fingerprint()
    monkeypatch.setattr(module, "RECENT_DAYS", 5)

    assert fingerprint() != before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("num_views", -1),
        ("num_views", "5"),
        ("num_views", 5.5),
        ("num_views", True),
        ("num_views", None),
        ("num_purchases", 10**10),
        ("recency_days", 0),
        ("recency_days", 29),
        ("mean_session_seconds", math.nan),
        ("mean_session_seconds", math.inf),
        ("age", 30),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_name(field, value):
    with pytest.raises(ValidationError, match=field):
        Inputs(**{"num_views": 5, "num_add_to_cart": 2, "num_purchases": 0, field: value})
