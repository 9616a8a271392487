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


def cosines(similarities) -> dict:
    """Cosines by query and rank: of equal ones at the end of a list, it is not determined which are in it."""
    return {place: pytest.approx(similarity, abs=1e-6) for place, (_, similarity) in found(similarities).items()}


def by_brute_force(episodes, n) -> dict:
    vectors = np.array([vector for _, _, vector in episodes])
    best = {}
    for query, language, vector in episodes:
        compared = [e != query and (language is None or its is None or its == language) for e, its, _ in episodes]
        cosines = np.sort((vectors @ vector)[compared])[::-1]
        best |= {(query, rank): cosine for rank, cosine in enumerate(cosines[:n], 1)}
    return best


def test_the_most_similar_of_the_same_language_come_first(spark, episodes):
    vectors = {episode: np.array(vector) for episode, _, vector in episodes}

    actual = found(similar(spark.createDataFrame(episodes, EMBEDDING), 7))

    assert {place: pytest.approx(cosine, abs=1e-6) for place, (_, cosine) in actual.items()} == by_brute_force(
        episodes, 7
    )
    assert all(
        similarity == pytest.approx(vectors[query] @ vectors[other], abs=1e-6)
        for (query, _), (other, similarity) in actual.items()
    )


def test_a_pair_has_the_same_similarity_both_ways_to_the_last_bit(spark, episodes):
    rows = similar(spark.createDataFrame(episodes, EMBEDDING), 90).collect()

    scores = {(row["episode_id"], row["similar_episode_id"]): row["similarity"] for row in rows}

    assert len(scores) == 3 * 30 * 29 + 4 * 30 * 30
    assert all(scores[other, one] == score for (one, other), score in scores.items())


def test_blocks_give_what_one_block_gives(spark, episodes):
    embeddings = spark.createDataFrame(episodes, EMBEDDING)

    assert cosines(similar(embeddings, 7, block_bytes=31 * 16 * 4)) == by_brute_force(episodes, 7)


def test_an_episode_without_an_embedding_is_like_no_other(spark):
    embeddings = [("a", "en", [1.0, 0.0]), ("b", "en", None), ("c", "de", [1.0, 0.0]), ("d", "en", [0.6, 0.8])]

    assert found(similar(spark.createDataFrame(embeddings, EMBEDDING), 5)) == {
        ("a", 1): ("d", pytest.approx(0.6)),
        ("d", 1): ("a", pytest.approx(0.6)),
    }


def test_no_embedding_at_all_gives_no_similarities(spark):
    assert similar(spark.createDataFrame([("a", "en", None)], EMBEDDING), 5).collect() == []
