"""The logged model of listening: what it answers, and what it needs for that."""

import mlflow
import pandas as pd
import pytest

from gold.engines.configuration import Configuration
from gold.listening.training import log_and_register
from lakehouse.settings import Settings
from lakehouse.tracking import tracked_run
from tests.unit.gold.elsewhere import predicted_elsewhere

USERS = pd.DataFrame(
    [("ann", [1.0, 0.0], ["a"]), ("ben", [0.0, 1.0], []), ("who likes nothing", None, [])],
    columns=["user_id", "factors", "completed"],
)
ITEMS = pd.DataFrame(
    [("a", [1.0, 0.0], 0.5), ("b", [0.8, 0.2], 0.1), ("c", [0.0, 1.0], 1.0)],
    columns=["item_id", "factors", "popularity"],
)


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    settings = Settings(reclake_home=tmp_path_factory.mktemp("listening"), mlflow_tracking_uri=None)
    files = settings.home / "files"
    for name, rows in {"users": USERS, "items": ITEMS}.items():
        (files / name).mkdir(parents=True)
        rows.to_parquet(files / name / "part.parquet")
    (files / "configuration.json").write_text(Configuration(popularity_share=0.1).model_dump_json())
    with tracked_run(settings, "test"):
        log_and_register(settings, files)
    return settings


@pytest.fixture(scope="module")
def model(settings):
    return f"models:/{settings.registered_model}/1"


def test_everybody_gets_the_best_of_what_they_have_not_completed(model):
    found = mlflow.pyfunc.load_model(model).predict(USERS[["user_id"]], params={"n": 2})

    best = found.groupby("user_id")["recommended_episode_id"].agg(list).to_dict()
    assert best == {"ann": ["b", "c"], "ben": ["c", "b"], "who likes nothing": ["c", "a"]}


def test_it_answers_the_same_where_there_is_neither_reclake_nor_spark(settings, model, tmp_path):
    asked = pd.DataFrame({"user_id": ["ann", "nobody"]})

    found = predicted_elsewhere(settings, model, asked, tmp_path, n=3)

    pd.testing.assert_frame_equal(found, mlflow.pyfunc.load_model(model).predict(asked, params={"n": 3}))
