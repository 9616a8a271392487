"""The scorer: the same predictions in this process and from the API, and one sentence where there are none."""

import socket

import numpy as np
import pandas as pd
import pytest
from pydantic import SecretStr

from gold.churn import scoring
from gold.churn.features import INPUTS, OPTIONAL, Inputs, features
from gold.churn.inputs import matrix
from gold.churn.registered import champion_version, load
from gold.churn.scoring import scorer
from lakehouse.errors import ModelInputError, NothingToServeError, ServiceError
from tests.unit.serving.churn.api import running


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(scoring._answered.retry, "wait", lambda _: 0)


@pytest.fixture(scope="module")
def api(churn_settings):
    with running(churn_settings) as client:
        yield str(client.base_url)


@pytest.fixture
def gappy(shoppers):
    """Rows of which some lack what is optional, under an index of their own."""
    random = np.random.default_rng(6)
    rows = shoppers[["user_id", *INPUTS]].head(1_200).astype(dict.fromkeys(INPUTS, float))
    return (
        rows.mask(random.random(rows.shape) < 0.3, other=np.nan)
        .assign(user_id=shoppers["user_id"], **shoppers[list(INPUTS[:3])])
        .set_index("user_id", drop=False)
    )


def test_a_row_has_the_same_features_in_training_in_the_scorer_and_in_the_api(churn_settings, api, gappy):
    # Training and the scorer read frames, the API reads JSON: from there on it is the same code.
    from_json = np.array([Inputs(**scoring._body(row)).row() for row in matrix(gappy).tolist()])
    np.testing.assert_array_equal(from_json, matrix(gappy))
    np.testing.assert_array_equal(features(np.nan_to_num(from_json)), features(np.nan_to_num(matrix(gappy))))

    champion = load(churn_settings, champion_version(churn_settings))
    with scorer(churn_settings) as here, scorer(churn_settings.model_copy(update={"churn_api_url": api})) as there:
        local, remote = here.score(gappy), there.score(gappy)

    expected = champion.model.predict(matrix(gappy)).probability
    np.testing.assert_array_equal(local["churn_probability"], expected)
    np.testing.assert_allclose(remote["churn_probability"], expected, rtol=1e-12)
    pd.testing.assert_frame_equal(local, remote, rtol=1e-12)
    assert list(local.index) == list(gappy["user_id"])
    assert set(local["imputed"].str.split(",").explode()) == {*OPTIONAL, ""}
    assert set(local["model_version"]) == {champion.version}


@pytest.mark.parametrize("where", ["here", "there"])
def test_nobody_to_score_is_no_fault(churn_settings, api, gappy, where):
    settings = churn_settings.model_copy(update={"churn_api_url": api if where == "there" else None})

    with scorer(settings) as one:
        found = one.score(gappy.head(0))

    assert list(found.columns) == ["churn_probability", "churned", "threshold", "imputed", "model_version"]
    assert len(found) == 0


def test_an_api_that_is_away_is_one_sentence(churn_settings, gappy):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        away = f"http://127.0.0.1:{bound.getsockname()[1]}"
        with (
            scorer(churn_settings.model_copy(update={"churn_api_url": away})) as there,
            pytest.raises(ServiceError, match=r"does not answer .*in the next run"),
        ):
            there.score(gappy)


def test_an_api_without_a_model_is_one_sentence(churn_settings, gappy, tmp_path):
    with running(churn_settings.model_copy(update={"reclake_home": tmp_path})) as client:
        settings = churn_settings.model_copy(update={"churn_api_url": str(client.base_url)})
        with scorer(settings) as there, pytest.raises(NothingToServeError, match="not ready: There is no churn model"):
            there.score(gappy)


def test_the_key_of_the_settings_is_sent(churn_settings, gappy):
    with_key = churn_settings.model_copy(update={"churn_api_key": SecretStr("sésame")})
    with running(with_key) as client:
        address = {"churn_api_url": str(client.base_url)}
        with scorer(with_key.model_copy(update=address)) as there:
            assert len(there.score(gappy.head(3))) == 3
        with (
            scorer(churn_settings.model_copy(update=address)) as there,
            pytest.raises(ServiceError, match=r"refused the request \(401\)") as raised,
        ):
            there.score(gappy)
    assert "sesame" not in str(raised.value)


def test_a_busy_api_is_asked_again_and_then_given_up(churn_settings, gappy):
    with running(churn_settings.model_copy(update={"churn_api_rate": "1/hour"})) as client:
        settings = churn_settings.model_copy(update={"churn_api_url": str(client.base_url)})
        with scorer(settings) as there:
            assert len(there.score(gappy.head(3))) == 3
            with pytest.raises(ServiceError, match="status 429"):
                there.score(gappy)


def test_a_row_that_the_api_refuses_is_said_with_its_field(churn_settings, api, gappy):
    with (
        scorer(churn_settings.model_copy(update={"churn_api_url": api})) as there,
        pytest.raises(ModelInputError, match=r"rows\.0\.recency_days"),
    ):
        there.score(gappy.head(1).assign(recency_days=99))


def test_without_a_model_nothing_is_scored(churn_settings, tmp_path):
    with (
        pytest.raises(NothingToServeError, match="reclake train churn"),
        scorer(churn_settings.model_copy(update={"reclake_home": tmp_path})),
    ):
        pass
