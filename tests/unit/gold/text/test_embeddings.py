"""Embeddings: which text an episode has, and which embeddings are out of date."""

import pytest

from gold.text.embeddings import embedded, outdated, texts_of, with_content_hash
from gold.text.encoder import files_in
from tests.unit.gold.text.tiny_encoder import make_encoder

EPISODE = "episode_id string, title string, description string, language string"
TRANSCRIPT = "episode_id string, text string"
TEXT = "episode_id string, language string, text string"


def test_a_text_is_title_description_and_transcript_as_far_as_they_are_known(spark):
    episodes = [("a", "Bread", "Butter", "en-GB"), ("b", "Rome", None, "und-Latn-x"), ("c", None, None, "klingon!")]
    transcripts = spark.createDataFrame([("a", "So, bread ..."), ("gone", "Who?")], TRANSCRIPT)

    texts = texts_of(spark.createDataFrame(episodes, EPISODE), transcripts, most_characters=18)

    assert sorted(texts.collect()) == [
        ("a", "en", "Bread\n\nButter\n\nSo,"),
        ("b", "und", "Rome"),
        ("c", None, ""),
    ]


def test_another_encoder_language_or_text_is_another_content(spark):
    texts = spark.createDataFrame([("a", "en", "x"), ("b", None, "x"), ("c", "en", "y"), ("d", "en", "x")], TEXT)

    hashes = {
        (row["episode_id"], encoder): row["content_hash"]
        for encoder in ("one", "two")
        for row in with_content_hash(texts, encoder).collect()
    }

    assert hashes["a", "one"] == hashes["d", "one"]
    assert len(set(hashes.values())) == 6


def test_only_new_and_changed_contents_are_outdated_and_what_is_gone_has_no_text(spark):
    hashed = "episode_id string, text string, content_hash string"
    texts = spark.createDataFrame([("a", "A", "1"), ("b", "B", "2"), ("c", "", "3")], hashed)
    stored = spark.createDataFrame([("a", "1"), ("b", "old"), ("d", "4")], "episode_id string, content_hash string")

    due = outdated(texts, stored).collect()

    assert sorted((row["episode_id"], row["text"]) for row in due) == [("b", "B"), ("c", ""), ("d", None)]


def test_workers_embed_as_this_process_does_and_nothing_where_there_are_no_words(spark, tmp_path):
    files = files_in(make_encoder(tmp_path / "tiny"))
    texts = with_content_hash(spark.createDataFrame([("a", "en", "bread rome"), ("b", None, " ")], TEXT), files.id)

    rows = {row["episode_id"]: row for row in embedded(texts, files, 2).collect()}

    from gold.text.encoder import loaded

    assert rows["a"]["embedding"] == pytest.approx(loaded(files).encode(["bread rome"])[0].tolist())
    assert (rows["b"]["embedding"], rows["b"]["language"], rows["b"]["encoder"]) == (None, None, files.id)
