"""Similar texts: exact, the same in both directions, and only within a language."""

import numpy as np
import pytest

from gold.text.similarities import similar

EMBEDDING = "episode_id string, language string, embedding array<float>"
LANGUAGES = ("en", "de", None)


@pytest.fixture(scope="module")
def episodes():
    """Episodes in three groups of languages; every tenth one reads like the one before it."""
    vectors = np.random.default_rng(5).standard_normal((90, 16)).astype(np.float32)
    vectors[10::10] = vectors[9:-1:10]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return [(f"e{n:02}", LANGUAGES[n % 3], vector.tolist()) for n, vector in enumerate(vectors)]


def found(similarities) -> dict:
    rows = similarities.collect()
    return {(row["episode_id"], row["rank"]): (row["similar_episode_id"], row["similarity"]) for row in rows}


def by_brute_force(episodes, n) -> dict:
    best = {}
    for query, language, vector in episodes:
        others = [
            (-np.float32(np.dot(np.array(vector), np.array(other))), episode)
            for episode, its, other in episodes
            if episode != query and (language is None or its is None or its == language)
        ]
        for rank, (cosine, episode) in enumerate(sorted(others)[:n], 1):
            best[query, rank] = (episode, pytest.approx(-cosine, abs=1e-6))
    return best


def test_the_most_similar_of_the_same_language_come_first(spark, episodes):
    assert found(similar(spark.createDataFrame(episodes, EMBEDDING), 7)) == by_brute_force(episodes, 7)


def test_a_pair_has_the_same_similarity_both_ways_to_the_last_bit(spark, episodes):
    rows = similar(spark.createDataFrame(episodes, EMBEDDING), 90).collect()

    scores = {(row["episode_id"], row["similar_episode_id"]): row["similarity"] for row in rows}

    assert len(scores) == 6 * 30 * 29 // 2 + 30 * 29 // 2 * 0 + 4 * 30 * 30
    assert all(scores[other, one] == score for (one, other), score in scores.items())


def test_blocks_give_what_one_block_gives(spark, episodes):
    embeddings = spark.createDataFrame(episodes, EMBEDDING)

    assert found(similar(embeddings, 7, closure_bytes=31 * 16 * 4)) == found(similar(embeddings, 7))


def test_an_episode_without_an_embedding_is_like_no_other(spark):
    embeddings = [("a", "en", [1.0, 0.0]), ("b", "en", None), ("c", "de", [1.0, 0.0]), ("d", "en", [0.6, 0.8])]

    assert found(similar(spark.createDataFrame(embeddings, EMBEDDING), 5)) == {
        ("a", 1): ("d", pytest.approx(0.6)),
        ("d", 1): ("a", pytest.approx(0.6)),
    }


def test_no_embedding_at_all_gives_no_similarities(spark):
    assert similar(spark.createDataFrame([("a", "en", None)], EMBEDDING), 5).collect() == []
