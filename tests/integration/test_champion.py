"""Champion and challenger on a real registry: who serves, why, and the way back."""

import datetime as dt
from decimal import Decimal

import pytest

from gold.engines.configuration import Configuration
from gold.judging.registry import CHALLENGER, CHAMPION
from gold.listening.comparison import candidates, compare
from gold.listening.hybrid.tasks import recommend
from gold.listening.registered import recommenders
from gold.listening.tasks import recommend_als
from gold.listening.training import roll_back, train
from gold.listening.tuning import search
from lakehouse import tables
from lakehouse.errors import NothingToServeError, TaskParameterError
from lakehouse.recommendations import ANYONE
from lakehouse.tracking import tracking_client

FIRST_DAY = dt.date(2024, 5, 1)


@pytest.fixture(scope="module")
def lake(new_lake):
    """Two tastes, and a version that serves.

    The tests of this module share it and its registry, in the order in which they stand, as a training takes long.
    """
    lake = two_tastes(new_lake())
    with pytest.raises(NothingToServeError, match="no version to go back to"):
        roll_back(lake)
    train(lake, {})
    return lake


def two_tastes(lake):
    """Listeners of each taste go through the same episodes, each from another one on."""
    rows = []
    for user in range(40):
        for step in range(10):
            item = (user // 2 + step) % 12 + 12 * (user % 2)
            day = FIRST_DAY + dt.timedelta(days=step)
            at = dt.datetime.combine(day, dt.time(12))
            rows.append((f"u{user}", f"e{item}", day, Decimal(2), 1, 0, at))
    lake.replace(tables.daily_engagement, lake.spark.createDataFrame(rows, tables.daily_engagement.schema))
    for table, name, count in ((tables.user_ids, "u", 40), (tables.item_ids, "e", 24)):
        lake.replace(table, lake.spark.createDataFrame([(f"{name}{n}", n) for n in range(count)], table.schema))
    return configured(lake, als_rank=4, als_iterations=3)


def configured(lake, **settings):
    return lake.with_settings(lake.settings.model_copy(update=settings))


def serving_versions(lake):
    return {row["model_version"] for row in lake.read(tables.als_item_factors).collect()}


def test_what_is_recommended_is_available_and_says_why_and_strangers_get_what_is_popular(lake):
    # One who bears the name of the stand-in for strangers, and one who has done nothing yet.
    named = lake.spark.createDataFrame([(ANYONE, 40), ("silent", 41)], tables.user_ids.schema)
    lake.append_new(tables.user_ids, named)
    episodes = [("e0", "en", True), ("e1", "en", False), ("e2", None, True)]
    columns = {"episode_id": 0, "language": 1, "available": 2}
    lake.upsert(
        tables.episodes,
        lake.spark.createDataFrame(
            [
                tuple(row[columns[f.name]] if f.name in columns else None for f in tables.episodes.schema)
                for row in episodes
            ],
            tables.episodes.schema,
        ),
    )

    recommend_als.run(lake, {})
    recommend.run(lake, {})

    rows = lake.read(tables.als_top_n).collect()
    assert {row["new_episode_id"] for row in rows} == {f"e{n}" for n in range(24)} - {"e1"}
    best = {
        user: [(r["new_episode_id"], r["rank"]) for r in rows if r["user_id"] == user] for user in (ANYONE, "silent")
    }
    assert sorted(best[ANYONE]) == sorted(best["silent"])
    assert sorted(rank for _, rank in best[ANYONE]) == list(range(1, 21))
    everybody = {f"u{n}" for n in range(40)} | {ANYONE, "silent"}
    assert {row["user_id"] for row in rows} == everybody
    likes = {(row["user_id"], row["new_episode_id"]) for row in lake.read(tables.daily_engagement).collect()}
    liked = {(row["user_id"], row["because_episode_id"]) for row in rows if row["reason"] == "liked"}
    assert liked
    assert liked <= likes
    assert all(row["because_episode_id"] is None for row in rows if row["reason"] == "popular")
    final = lake.read(tables.final_recommendations).collect()
    assert {row["recommended_episode_id"] for row in final} == {row["new_episode_id"] for row in rows}
    assert {row["user_id"] for row in final} == everybody | {f"{ANYONE}:en"}
    assert [row["recommended_episode_id"] for row in final if row["user_id"] == f"{ANYONE}:en"] == ["e0"]

    # The model stays; what somebody has completed since does not.
    heard = next(row["recommended_episode_id"] for row in final if row["user_id"] == "u0")
    at = dt.datetime.combine(FIRST_DAY + dt.timedelta(days=20), dt.time(12))
    completed = [("u0", heard, at.date(), Decimal(1), 1, 1, at)]
    lake.upsert(tables.daily_engagement, lake.spark.createDataFrame(completed, tables.daily_engagement.schema))

    recommend_als.run(lake, {})
    recommend.run(lake, {})

    als = lake.read(tables.als_top_n).where("user_id = 'u0'").collect()
    final = lake.read(tables.final_recommendations).where("user_id = 'u0'").collect()
    assert als
    assert final
    assert heard not in {row["new_episode_id"] for row in als} | {row["recommended_episode_id"] for row in final}


def test_configurations_compete_serve_and_can_be_taken_back(lake):
    registry = recommenders(lake.settings)
    first = registry.holder(CHAMPION)
    assert serving_versions(lake) == {first.number}
    assert first.configuration == Configuration.of(lake.settings)
    assert "decayed popularity" in first.verdict

    # Hopeless on purpose: nothing but popularity, under another name than the baseline's.
    train(configured(lake, popularity_share=0.99), {})

    second, challenger = registry.holder(CHAMPION), registry.holder(CHALLENGER)
    assert second.configuration == first.configuration
    assert serving_versions(lake) == {second.number} != {first.number}
    assert challenger.configuration.popularity_share == 0.99
    assert "did not win" in challenger.verdict

    assert roll_back(lake).number == first.number
    assert registry.holder(CHAMPION).number == first.number
    assert serving_versions(lake) == {first.number}
    with pytest.raises(NothingToServeError, match="no version to go back to"):
        roll_back(lake)


def test_what_another_version_of_reclake_registered_or_wrote_is_left_aside(new_lake):
    lake = new_lake()
    registry = recommenders(lake.settings)
    client = tracking_client(lake.settings)
    client.create_registered_model(lake.settings.registered_model)
    tags = {"configuration": '{"engine": "quantum"}', "trained_until": "2024-05-01", "ndcg_at_10": "1", "verdict": "?"}
    number = client.create_model_version(lake.settings.registered_model, "somewhere", tags=tags).version
    client.set_registered_model_alias(lake.settings.registered_model, CHAMPION, number)
    factors = [(0, "1", [1.0], 0.5, None)]
    lake.replace(tables.als_item_factors, lake.spark.createDataFrame(factors, tables.als_item_factors.schema))

    assert registry.holder(CHAMPION) is None
    assert registry.versions() == []
    with pytest.raises(NothingToServeError, match="another version of RecLake"):
        recommend_als.run(lake, {})


def test_without_engagement_there_is_nothing_to_decide(new_lake):
    empty = new_lake()

    for decide in (
        lambda: train(empty, {}),
        lambda: search(empty, trials=1),
        lambda: compare(empty, [Configuration()]),
    ):
        with pytest.raises(NothingToServeError, match="no engagement to learn from"):
            decide()


def engaged(lake, *rows):
    """A lakehouse of (user, item, engagement), all on one day."""
    noon = dt.datetime.combine(FIRST_DAY, dt.time(12))
    full = [(user, item, FIRST_DAY, Decimal(value), 1, 0, noon) for user, item, value in rows]
    lake.replace(tables.daily_engagement, lake.spark.createDataFrame(full, tables.daily_engagement.schema))
    for table, column in ((tables.user_ids, 0), (tables.item_ids, 1)):
        ids = sorted({row[column] for row in rows})
        lake.replace(table, lake.spark.createDataFrame([(one, n) for n, one in enumerate(ids)], table.schema))
    return configured(lake, als_rank=4, als_iterations=2)


def test_one_listener_of_one_episode_is_served(new_lake):
    lake = engaged(new_lake(), ("ü" * 300, "e", 2))

    train(lake, {})
    recommend.run(lake, {})

    rows = lake.read(tables.final_recommendations).collect()
    assert {(row["user_id"], row["recommended_episode_id"]) for row in rows} == {("ü" * 300, "e"), (ANYONE, "e")}


def test_where_nobody_likes_anything_nothing_is_trained_and_what_serves_stays(new_lake):
    lake = engaged(new_lake(), ("u", "e", -1), ("v", "e", -1), ("v", "f", -3))

    with pytest.raises(NothingToServeError, match="nobody likes anything"):
        train(lake, {})

    assert not lake.exists(tables.als_item_factors)


def test_every_kind_is_measured_best_first_and_kept(lake):
    comparison = compare(lake, candidates(lake.settings), "per-user-time")

    found = comparison.measured
    assert {mix for segment, mix, *_ in comparison.mixes.table() if segment == "all items"} >= {"als alone", "all"}

    assert {one.configuration.engine for one in found} == {
        "popularity",
        "item_knn",
        "ease",
        "implicit_als",
        "spark_als",
    }
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    # The two tastes are plain to see for whoever looks at more than popularity.
    assert found[-1].configuration.engine == "popularity"
    kept = lake.read(tables.model_evaluations).where("metric = 'ndcg_at_10'").collect()
    assert {(row["model"], row["split"]) for row in kept} >= {(str(o.configuration), "per_user_time") for o in found}


def test_an_unknown_split_is_refused_with_those_that_are_there(lake):
    with pytest.raises(TaskParameterError, match=r"'monthly'\. Splits: time, global-time"):
        compare(lake, [], "monthly")


def test_a_search_ends_with_a_challenger_and_goes_on_where_it_ended(new_lake):
    lake = two_tastes(new_lake())
    first = search(lake, trials=2)
    second = search(lake, trials=1)

    assert len(first.scores) + first.given_up == 2
    assert len(second.scores) + second.given_up == 3
    challenger = recommenders(lake.settings).holder(CHALLENGER)
    assert challenger.number == second.version
    assert challenger.configuration == second.best
    assert max(score for _, score in second.scores) == challenger.score
