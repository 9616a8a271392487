"""A search that goes on: what it remembers of earlier ones, and what that teaches it."""

import optuna
import pytest

from gold.engines.configuration import Configuration
from gold.listening.search_space import distributions_of, parameters_of, suggested_configuration
from gold.listening.tried import FIRST, METRIC, Tried, log_tried, tried_before
from gold.listening.tuning import study_of
from lakehouse.settings import EventWeights, Settings
from lakehouse.tracking import tracked_run, tracking_client

PLAIN = Configuration(rank=16, alpha=2.0)
FORGETFUL = PLAIN.model_copy(
    update={
        "engine": "implicit_als",
        "half_life_days": 30.0,
        "weights": EventWeights(like=3.0, complete=1.5, skip=-0.5),
    }
)


def tried(configuration, first=None, score=None):
    return Tried(configuration, {n: (v, 0.0) for n, v in {FIRST: first, METRIC: score}.items() if v is not None})


@pytest.mark.parametrize("configuration", [PLAIN, FORGETFUL])
def test_parameters_suggest_their_configuration_again(configuration):
    again = optuna.trial.FixedTrial(parameters_of(configuration))

    assert suggested_configuration(again, PLAIN) == configuration


def test_a_later_search_reads_what_others_of_its_name_tried_whole_and_in_order(tmp_path):
    settings = Settings(reclake_home=tmp_path, mlflow_tracking_uri=None)
    whole, given_up, too_large = tried(PLAIN, 0.25, 1 / 3), tried(FORGETFUL, 0.125), tried(PLAIN)
    with tracked_run(settings, "tune") as run:
        for one in (whole, given_up, too_large):
            log_tried(one, "engagement 7", "time")
        log_tried(tried(PLAIN, 0.5, 0.5), "engagement 8", "time")

    found = tried_before(tracking_client(settings), run.info.experiment_id, "engagement 7")

    assert found == [whole, given_up, too_large]
    assert [(one.first, one.score) for one in found] == [(0.25, 1 / 3), (0.125, None), (None, None)]


def test_a_search_knows_what_was_tried_and_what_was_given_up():
    study = study_of([tried(PLAIN, 0.2, 0.3), tried(FORGETFUL, 0.1), tried(PLAIN)], [], seed=1)

    done, given_up, too_large = study.trials
    assert (done.value, done.intermediate_values) == (0.3, {3: 0.2})
    assert (given_up.state, given_up.intermediate_values) == (optuna.trial.TrialState.PRUNED, {3: 0.1})
    assert (too_large.state, too_large.intermediate_values) == (optuna.trial.TrialState.PRUNED, {})
    assert given_up.params == parameters_of(FORGETFUL)
    assert given_up.distributions == distributions_of(given_up.params)


def test_what_is_known_is_tried_first_and_once():
    study = study_of([tried(PLAIN, 0.2, 0.3)], [PLAIN, FORGETFUL, FORGETFUL], seed=1)

    first, second = (suggested_configuration(study.ask(), PLAIN) for _ in range(2))
    assert first == FORGETFUL
    assert second not in (PLAIN, FORGETFUL)


def test_a_search_that_goes_on_draws_others_than_before():
    drawn = suggested_configuration(study_of([], [], seed=1).ask(), PLAIN)

    assert suggested_configuration(study_of([tried(drawn, 0.1, 0.2)], [], seed=1).ask(), PLAIN) != drawn


def test_a_champion_outside_of_the_space_does_not_stop_a_search():
    popular = PLAIN.model_copy(update={"popularity_share": 1.0})

    assert study_of([tried(popular, 0.2, 0.3)], [popular], seed=1).trials == []
