"""Training on a real registry: who serves and why, and what the logged model answers."""

import numpy as np
import pandas as pd
import pytest

from gold.churn.candidates import BOOSTING, CANDIDATES, LOGISTIC, RECENCY, fit
from gold.churn.endpoint import serve_champion
from gold.churn.features import INPUTS, OPTIONAL, REQUIRED
from gold.churn.inputs import matrix
from gold.churn.judging import Costs, Rows, judge, time_split
from gold.churn.registered import ChurnConfiguration, champion_version, churn_models, load
from gold.churn.training import decided, log_and_register, train
from gold.judging.registry import CHALLENGER, CHAMPION
from lakehouse.errors import NothingToServeError, TooLittleDataError
from lakehouse.settings import Settings
from lakehouse.tracking import tracked_run, tracking_client
from tests.unit.gold.elsewhere import predicted_elsewhere


def measured(frame):
    split = time_split(Rows.of(frame), 7)
    return {kind: judge(kind, split, 7, Costs(5, 1)) for kind in CANDIDATES}


@pytest.fixture(scope="module")
def candidates(shoppers):
    return measured(shoppers)


def test_on_shoppers_who_fade_out_a_model_beats_the_rule(candidates):
    winner, sentence = decided(candidates, RECENCY)

    assert winner.kind in (LOGISTIC, BOOSTING)
    assert f"{LOGISTIC} beats {RECENCY}: AUC-PR +" in sentence
    assert "95 % interval" in sentence


def test_who_serves_is_replaced_by_a_better_one_only(candidates):
    # Chance explains the difference between the two, so whoever is there stays.
    assert {decided(candidates, kind)[0].kind for kind in (LOGISTIC, BOOSTING)} == {LOGISTIC, BOOSTING}


def test_where_nothing_but_recency_tells_the_rule_serves_and_says_so(shoppers):
    random = np.random.default_rng(4)
    plain = shoppers.assign(churned=random.random(len(shoppers)) < shoppers["recency_days"] / 28)

    winner, sentence = decided(measured(plain), BOOSTING)

    assert winner.kind == RECENCY
    assert sentence.startswith("recency rule serves. gradient boosting does not beat recency rule")


def test_going_back_that_was_interrupted_can_be_done_again(own_registry, shoppers):
    first, registry = champion_version(own_registry), churn_models(own_registry)
    model = fit(RECENCY, matrix(shoppers), shoppers["churned"].to_numpy(), threshold=0.5)
    with tracked_run(own_registry, "test"):
        second = log_and_register(own_registry, model)
    registry.describe(second, first.configuration, first.trained_until, 0.5, "")
    registry.promote(second)
    assert registry.before_champion().number == first.number

    registry.take_back(second)

    assert registry.holder(CHAMPION).number == second
    assert registry.before_champion().number == first.number


def test_the_champion_says_what_it_is(churn_settings, shoppers):
    version = champion_version(churn_settings)

    assert version.trained_until == shoppers["as_of"].max().date()
    assert version.configuration.horizon_days == 7
    assert version.configuration.threshold == load(churn_settings, version).model.threshold
    assert version.score > 0.3
    assert "serves" in version.verdict


def test_runs_have_metrics_and_figures(churn_settings):
    client = tracking_client(churn_settings)
    (experiment,) = client.search_experiments(filter_string="name = 'reclake'")
    runs = {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}

    assert runs.keys() == {"train_churn", *CANDIDATES}
    assert all({"auc_pr", "auc_roc", "brier", "cost", "threshold"} <= run.data.metrics.keys() for run in runs.values())
    logged = {file.path for file in client.list_artifacts(runs["train_churn"].info.run_id)}
    assert {"reliability.png", "precision_recall.png"} <= logged


def test_the_logged_model_answers_as_the_loaded_one_does(churn_settings, shoppers):
    import mlflow

    tracking_client(churn_settings)
    logged = mlflow.pyfunc.load_model(f"models:/{churn_settings.churn_model}@{CHAMPION}")
    rows = shoppers[list(INPUTS)].head(50).astype(dict.fromkeys(OPTIONAL, float))

    full, short = logged.predict(rows), logged.predict(rows[list(REQUIRED)])

    champion = load(churn_settings, champion_version(churn_settings)).model
    np.testing.assert_allclose(full["churn_probability"], champion.predict(matrix(rows)).probability)
    assert set(full["imputed"]) == {""}
    assert set(short["imputed"]) == {",".join(OPTIONAL)}
    assert {name: column.required for name, column in logged.metadata.signature.inputs.input_dict().items()} == {
        name: name in REQUIRED for name in INPUTS
    }


def test_the_logged_model_answers_the_same_where_reclake_is_not_installed(churn_settings, shoppers, tmp_path):
    rows = shoppers[list(INPUTS)].head(50).astype(dict.fromkeys(OPTIONAL, float))

    found = predicted_elsewhere(churn_settings, f"models:/{churn_settings.churn_model}@{CHAMPION}", rows, tmp_path)

    champion = load(churn_settings, champion_version(churn_settings)).model
    pd.testing.assert_frame_equal(found, champion.predict(matrix(rows)).frame(rows.index))


def test_a_refit_that_got_worse_does_not_replace_what_serves(own_registry, shoppers):
    first = champion_version(own_registry)
    # Weeks later everything means its opposite up to the days that judge: whoever learns from it is misled.
    later = shoppers.assign(as_of=shoppers["as_of"] + pd.Timedelta(weeks=12))
    days = np.sort(later["as_of"].unique())
    misleading = later.assign(churned=later["churned"] ^ (later["as_of"] < days[-1]))

    trained = train(own_registry, misleading)

    assert not trained.serves
    assert f"Version {first.number} stays" in trained.verdict
    assert champion_version(own_registry).number == first.number
    assert churn_models(own_registry).holder(CHALLENGER).number == trained.version


def test_too_little_data_leaves_what_serves(own_registry, shoppers):
    with pytest.raises(TooLittleDataError, match="needed"):
        train(own_registry, shoppers[shoppers["as_of"] == shoppers["as_of"].max()])

    assert champion_version(own_registry).number == "1"


def test_before_the_first_training_there_is_no_model(tmp_path):
    with pytest.raises(NothingToServeError, match=r"reclake train churn"):
        champion_version(Settings(reclake_home=tmp_path, mlflow_tracking_uri=None))


def test_a_champion_without_its_files_is_one_sentence(own_registry):
    client = tracking_client(own_registry)
    number = client.create_model_version(own_registry.churn_model, str(own_registry.home / "gone")).version
    registry = churn_models(own_registry)
    configuration = ChurnConfiguration(kind=RECENCY, horizon_days=7, threshold=0.5)
    registry.describe(number, configuration, champion_version(own_registry).trained_until, 0.5, "")
    registry.promote(number)

    with pytest.raises(NothingToServeError, match=r"files of .* Train it again"):
        load(own_registry, champion_version(own_registry))


def test_the_rule_never_says_that_who_was_away_longer_is_likelier_to_come_back(shoppers):
    model = fit(RECENCY, matrix(shoppers), shoppers["churned"].to_numpy())
    same = shoppers.head(1)
    away = pd.concat([same.assign(recency_days=days) for days in range(1, 29)])

    found = model.predict(matrix(away)).probability

    assert (np.diff(found) >= 0).all()
    assert found[-1] > found[0]


def test_what_serves_elsewhere_is_what_the_endpoint_gets(workspace, churn_settings):
    workspace.answers["/api/2.0/serving-endpoints"] = {"name": "churn"}

    serve_champion(churn_settings.model_copy(update={"churn_endpoint": "churn"}))

    (asked,) = workspace.asked
    (served,) = asked["config"]["served_entities"]
    assert (served["entity_name"], served["entity_version"]) == (
        churn_settings.churn_model,
        champion_version(churn_settings).number,
    )


def test_without_an_endpoint_nobody_is_asked(workspace, churn_settings):
    serve_champion(churn_settings)

    assert workspace.asked == []
