"""The model: gaps are filled and named, files can be read again, and those of others are refused."""

import json

import numpy as np
import pytest

from gold.churn.candidates import CANDIDATES, RECENCY, fit
from gold.churn.classifier import ESTIMATOR, MODEL, ChurnModel, filled, usual
from gold.churn.features import INPUTS, OPTIONAL
from gold.churn.inputs import matrix
from lakehouse.errors import ModelInputError, NothingToServeError


@pytest.fixture(scope="module", params=CANDIDATES)
def model(request, shoppers):
    return fit(request.param, matrix(shoppers), shoppers["churned"].to_numpy(), threshold=0.3)


def row(**inputs):
    return np.array([[float(inputs.get(name, np.nan)) for name in INPUTS]])


MINIMAL = row(num_views=5, num_add_to_cart=2, num_purchases=0)


def test_what_is_not_given_is_filled_and_named(model):
    found = model.predict(np.vstack([MINIMAL, np.ones((1, len(INPUTS)))]))

    assert found.imputed == [OPTIONAL, ()]
    assert ((found.probability >= 0) & (found.probability <= 1)).all()


def test_the_decision_is_the_probability_against_the_threshold(model, shoppers):
    found = model.predict(matrix(shoppers))

    np.testing.assert_array_equal(found.churned, found.probability >= 0.3)
    assert 0 < found.churned.mean() < 1


def test_rows_do_not_know_of_each_other(model, shoppers):
    inputs = matrix(shoppers.head(20))
    alone = [model.predict(one[None]).probability[0] for one in inputs]

    np.testing.assert_allclose(model.predict(inputs).probability, alone, rtol=1e-12)


def test_nobody_to_predict_is_no_fault(model):
    assert len(model.predict(np.empty((0, len(INPUTS)))).frame(None)) == 0


def test_a_saved_model_predicts_the_same(model, shoppers, tmp_path):
    model.save(tmp_path)

    read = ChurnModel.load(tmp_path)

    inputs = matrix(shoppers)
    np.testing.assert_array_equal(read.predict(inputs).probability, model.predict(inputs).probability)
    assert (read.kind, read.threshold) == (model.kind, model.threshold)


def test_the_usual_is_the_median_of_what_is_known():
    inputs = np.vstack([row(num_views=1, num_clicks=4), row(num_views=9), row(num_views=3, num_clicks=8)])

    assert usual(inputs)[
        [INPUTS.index("num_views"), INPUTS.index("num_clicks"), INPUTS.index("tenure_days")]
    ].tolist() == [
        3,
        6,
        0,
    ]


def test_nobody_is_given_more_sessions_than_events():
    whole = filled(row(num_views=2, num_add_to_cart=0, num_purchases=0, num_clicks=0), np.full(len(INPUTS), 9.0))

    found = dict(zip(INPUTS, whole[0].tolist(), strict=True))
    assert (found["num_sessions"], found["active_days"], found["recent_events"]) == (2, 2, 2)
    assert found["recency_days"] == 9


@pytest.fixture
def files(shoppers, tmp_path):
    fit(RECENCY, matrix(shoppers), shoppers["churned"].to_numpy()).save(tmp_path)
    return tmp_path


@pytest.mark.parametrize("key", ["features", "scikit_learn"])
def test_a_model_of_another_version_is_refused(files, key):
    described = json.loads((files / MODEL).read_text())
    (files / MODEL).write_text(json.dumps(described | {key: "0.1"}))

    with pytest.raises(NothingToServeError, match=f"another version .*{key} 0.1"):
        ChurnModel.load(files)


@pytest.mark.parametrize("name", [MODEL, ESTIMATOR])
@pytest.mark.parametrize("spoil", [lambda file: file.unlink(), lambda file: file.write_bytes(b"\x80\x04N.")])
def test_files_that_are_missing_or_damaged_are_one_sentence(files, name, spoil):
    spoil(files / name)

    with pytest.raises(NothingToServeError, match="cannot be read"):
        ChurnModel.load(files)


def test_columns_may_come_in_any_order_with_others_among_them(shoppers):
    turned = shoppers[shoppers.columns[::-1]]

    np.testing.assert_array_equal(matrix(turned), matrix(shoppers))


def test_optional_columns_may_be_null_or_missing(shoppers):
    some = shoppers.head(2).drop(columns="num_clicks").astype({"tenure_days": "Int64"})
    some.loc[some.index[0], "tenure_days"] = None

    found = matrix(some)

    assert np.isnan(found[:, INPUTS.index("num_clicks")]).all()
    assert np.isnan(found[0, INPUTS.index("tenure_days")])


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [("num_views", None, "missing"), ("num_views", -1, "0 on"), ("mean_session_seconds", np.inf, "0 on")],
)
def test_impossible_rows_are_refused_by_name(shoppers, column, value, said):
    wrong = shoppers.head(3).astype({column: float})
    wrong.loc[wrong.index[1], column] = value

    with pytest.raises(ModelInputError, match=f"{column}.*{said}"):
        matrix(wrong)
