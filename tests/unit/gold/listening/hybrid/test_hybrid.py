"""The hybrid: sources on one scale, weights that are learned, and why something is recommended."""

import numpy as np
import pytest

from gold.engines.factors import Factors
from gold.engines.vectors import collected
from gold.listening.hybrid.explaining import with_explanations
from gold.listening.hybrid.learning import learned
from gold.listening.hybrid.sources import gathered
from gold.listening.hybrid.weights import ALS_ALONE, LIKES_FROM, SOURCES, grid, group_of
from lakehouse.scratch import Scratch

VECTORS = "idx int, factors array<float>"
TOPICS = np.eye(4, dtype=np.float32)
NUM_HEARD, NUM_UNHEARD = 40, 8


@pytest.fixture(scope="module")
def sources(spark, tmp_path_factory):
    """Items 0 to 39 are heard, 40 to 47 are not; what an item is about (its number modulo 4) decides everything.

    Users 0 to 159 like eight heard items of one topic; ALS knows their topic, with noise.
    """
    random = np.random.default_rng(7)

    def noisy(topic):
        return (TOPICS[topic] + random.normal(0, 0.3, 4)).astype(float).tolist()

    users = spark.createDataFrame([(user, noisy(user % 4)) for user in range(160)], VECTORS)
    items = spark.createDataFrame([(item, noisy(item % 4)) for item in range(NUM_HEARD)], VECTORS)
    embeddings = spark.createDataFrame(
        [(item, TOPICS[item % 4].tolist()) for item in range(NUM_HEARD + NUM_UNHEARD)],
        "idx int, embedding array<float>",
    )
    popular = spark.createDataFrame([(item, 1 / (1 + item)) for item in range(NUM_HEARD)], "idx int, popularity double")
    liked = [(user, user % 4 + 4 * step, 2.0) for user in range(160) for step in range(6)]
    likes = spark.createDataFrame(liked, "user_idx int, item_idx int, engagement double")
    scratch = Scratch(spark, tmp_path_factory.mktemp("hybrid"))
    return gathered(Factors(users, items), popular, embeddings, likes, scratch), likes


def queries(spark):
    seen = [(user, [user % 4 + 4 * step for step in range(6)]) for user in range(160)]
    return spark.createDataFrame(seen, "idx int, excluded array<int>")


def test_scores_of_each_source_have_a_deviation_of_one_over_the_catalogue(sources):
    found, _ = sources
    users, items = (table.toPandas().sort_values("idx") for table in (found.users, found.items.where("NOT is_cold")))

    als, text = found.scale.scaled(*(np.stack(users[name]).astype(np.float32) for name in ("als", "text")))

    assert (als @ np.stack(items["als"]).T).std(axis=1) == pytest.approx(1, abs=1e-4)
    every = np.stack(found.items.toPandas()["text"])
    assert (text @ every.T).std(axis=1) == pytest.approx(1, abs=1e-4)


def test_an_item_that_nobody_has_heard_gets_the_factors_that_its_text_lets_expect(sources):
    found, _ = sources
    items = found.items.toPandas().set_index("idx")

    assert items["is_cold"].sum() == NUM_UNHEARD
    for item in range(NUM_HEARD, NUM_HEARD + NUM_UNHEARD):
        assert int(np.argmax(items.loc[item, "als"])) == item % 4
        assert items.loc[item, "popularity"] == 0


def test_one_top_n_serves_the_weighted_sum_of_all_sources(spark, sources):
    found, _ = sources
    weights = dict.fromkeys(LIKES_FROM, (0.5, 0.3, 0.2))
    weighed = found.weighed(weights)
    users, items = collected(weighed.users), collected(weighed.items)
    scores = items.rows @ users.of(np.array([5]))[0]

    best = weighed.recommend(queries(spark).where("idx = 5"), 3).orderBy("rank").collect()

    allowed = [item for item in items.numbers if item not in {1 + 4 * step for step in range(6)}]
    expected = sorted(allowed, key=lambda item: -scores[item])[:3]
    assert [row["item_idx"] for row in best] == expected
    assert [row["score"] for row in best] == pytest.approx([scores[item] for item in expected], abs=1e-5)


def test_weights_are_learned_from_some_users_and_judged_on_others(spark, sources):
    found, _ = sources
    # In the window everybody likes what their topic has left, heard or not.
    window = [(user, user % 4 + 4 * step) for user in range(160) for step in (6, 7, 8, 9, 10, 11)]
    relevant = spark.createDataFrame(window, "user_idx int, item_idx int")
    strangers = spark.createDataFrame([(900, 0), (901, 1)], "user_idx int, item_idx int")

    done = learned(found, queries(spark), relevant, strangers)

    means = {key: mean for *key, mean, _, _ in done.table() for key in [tuple(key)]}
    assert set(done.weights) == set(LIKES_FROM)
    assert done.weights[0] == (0, 0, 1)
    assert means["all items", "all"] == pytest.approx(1)
    assert means["all items", "all"] > means["all items", "popularity alone"]
    assert means["unheard items among themselves", "text alone"] == pytest.approx(1)
    assert means["new listeners", "popularity alone"] > 0
    assert done.scores["all items", "all"].size == 80


def test_where_listening_says_it_all_it_decides_alone(spark, sources):
    found, _ = sources
    relevant = found.weighed(ALS_ALONE).recommend(queries(spark), 3).withColumnRenamed("idx", "user_idx")

    done = learned(found, queries(spark), relevant, relevant.limit(0))

    assert done.weights == ALS_ALONE
    assert done.scores["all items", "als alone"].mean() == pytest.approx(1)


def test_a_recommendation_names_its_sources_and_the_nearest_like(spark, sources):
    found, likes = sources
    weighed = found.weighed({like: (0.0, 1.0, 0.0) if like else (0.0, 0.0, 1.0) for like in LIKES_FROM})
    asked = spark.createDataFrame([(5, None), (999, None)], "idx int, excluded array<int>")
    best = weighed.recommend(asked, 2)

    rows = with_explanations(best, likes, weighed, found).collect()

    for row in rows:
        assert sum(row["sources"].values()) == pytest.approx(row["score"], abs=1e-5)
        assert set(row["sources"]) == set(SOURCES)
    of_user, of_stranger = ([row for row in rows if row["idx"] == idx] for idx in (5, 999))
    assert {row["reason"] for row in of_user} == {"similar"}
    assert all(row["because_idx"] % 4 == 1 for row in of_user)
    assert [(row["reason"], row["because_idx"]) for row in of_stranger] == [("popular", None)] * 2


def test_the_grid_has_all_mixes_and_als_alone_first():
    mixes = grid(4)

    assert mixes[0].tolist() == [1, 0, 0]
    assert len(mixes) == 15
    assert mixes.sum(axis=1) == pytest.approx(1)


def test_listeners_are_grouped_by_how_much_they_like():
    assert group_of(np.array([0, 1, 4, 5, 19, 20, 500])).tolist() == [0, 1, 1, 2, 2, 3, 3]
