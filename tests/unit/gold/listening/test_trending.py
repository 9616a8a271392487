"""What is popular in a language."""

from gold.listening.trending import by_language


def test_each_language_has_its_own_most_popular_episodes(spark):
    popular = spark.createDataFrame(
        [("a", 1.0), ("b", 0.5), ("c", 0.5), ("d", 0.1), ("e", 0.9)], "episode_id string, popularity double"
    )
    episodes = spark.createDataFrame(
        [("a", "de"), ("b", "en-GB"), ("c", "EN"), ("d", "en_us"), ("e", None), ("x", "en")],
        "episode_id string, language string",
    )

    found = {
        (r["user_id"], r["episode_id"], r["score"], r["rank"]) for r in by_language(popular, episodes, 2).collect()
    }

    assert found == {("*:de", "a", 1.0, 1), ("*:en", "b", 0.5, 1), ("*:en", "c", 0.5, 2)}


def test_what_is_no_language_tag_has_no_list(spark):
    popular = spark.createDataFrame([("a", 1.0), ("b", 1.0)], "episode_id string, popularity double")
    episodes = spark.createDataFrame([("a", "English, mostly"), ("b", "")], "episode_id string, language string")

    assert by_language(popular, episodes, 2).isEmpty()
