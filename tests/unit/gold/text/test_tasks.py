"""The text job on tables: what is embedded when, and what is similar then."""

import logging

import pytest

from gold.text.tasks import embed_episodes, similar_texts
from lakehouse import tables
from lakehouse.lake import Lakehouse
from lakehouse.quality.gate import check_quality
from tests.unit.gold.text.tiny_encoder import make_encoder

E = tables.episode_embeddings


@pytest.fixture
def lake(lake, tmp_path) -> Lakehouse:
    """An empty lakehouse with an encoder of a few words."""
    return with_encoder(lake, make_encoder(tmp_path / "tiny"))


def with_encoder(lake: Lakehouse, folder) -> Lakehouse:
    return lake.with_settings(lake.settings.model_copy(update={"text_encoder": folder}))


def publish(lake: Lakehouse, **titles: str) -> None:
    """Let these be all episodes."""
    rows = [(episode, title, "en") for episode, title in titles.items()]
    replace(lake, tables.episodes, rows, "episode_id string, title string, language string")


def replace(lake: Lakehouse, table, rows, given) -> None:
    frame = lake.spark.createDataFrame(rows, given)
    lake.replace(table, lake.spark.createDataFrame([], table.schema).unionByName(frame, allowMissingColumns=True))


def embeddings(lake: Lakehouse) -> dict:
    return {row["episode_id"]: row for row in lake.read(E).collect()}


def embed(lake: Lakehouse, caplog) -> list[str]:
    """Run the task and return what it says about its work."""
    caplog.clear()
    with caplog.at_level(logging.INFO, logger="gold.text.tasks"):
        embed_episodes.run(lake, {})
    return [record.getMessage() for record in caplog.records if record.name == "gold.text.tasks"]


def test_what_is_new_or_reads_differently_is_embedded_and_nothing_else(lake, caplog):
    publish(lake, a="bread", b="rome", c="butter")
    embed(lake, caplog)
    first, version = embeddings(lake), lake.version(E)

    assert embed(lake, caplog) == []
    assert lake.version(E) == version

    publish(lake, a="bread", b="caesar", c="butter")
    transcripts = [("c", "bread bread", "done"), ("a", None, "failed")]
    replace(lake, tables.transcripts, transcripts, "episode_id string, text string, status string")
    said = embed(lake, caplog)
    second = embeddings(lake)

    assert [line.partition(" with")[0] for line in said] == ["2 texts are embedded"]
    assert second["a"] == first["a"]
    assert second["b"]["embedding"] != first["b"]["embedding"]
    assert second["c"]["embedding"] != first["c"]["embedding"]


def test_another_encoder_embeds_everything_again_and_says_so(lake, tmp_path, caplog):
    publish(lake, a="bread", b="")
    embed(lake, caplog)
    other = with_encoder(lake, make_encoder(tmp_path / "larger", dimensions=5))

    said = embed(other, caplog)

    assert said[0].startswith("the text encoder changed from tiny:")
    assert said[0].endswith("2 episodes are embedded again")
    found = embeddings(other)
    assert len(found["a"]["embedding"]) == 5
    assert found["b"]["embedding"] is None
    assert all(row["encoder"].startswith("larger:") for row in found.values())
    assert embed(other, caplog) == []


def test_an_episode_that_is_gone_loses_its_embedding_and_its_similarities(lake, caplog):
    publish(lake, a="bread butter", b="bread", c="rome")
    embed(lake, caplog)
    similar_texts.run(lake, {})
    before = {(r["episode_id"], r["similar_episode_id"]): r for r in lake.read(tables.text_similarities).collect()}
    publish(lake, a="bread butter", c="rome")
    embed(lake, caplog)
    similar_texts.run(lake, {})
    after = {(r["episode_id"], r["similar_episode_id"]) for r in lake.read(tables.text_similarities).collect()}

    assert len(before) == 6
    assert before["a", "b"]["similarity"] == before["b", "a"]["similarity"] > before["a", "c"]["similarity"]
    assert before["a", "b"]["encoder"].startswith("tiny:")
    assert after == {("a", "c"), ("c", "a")}


def test_without_an_encoder_on_databricks_the_job_says_so_goes_on_and_catches_up_later(lake, caplog, monkeypatch):
    publish(lake, a="bread")
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "client.4")
    nowhere = with_encoder(lake, lake.settings.home / "text_encoder")

    said = embed(nowhere, caplog)
    similar_texts.run(nowhere, {})
    check_quality.run(nowhere, {"layer": "text"})

    assert [line.partition(":")[0] for line in said] == ["There is no text encoder, so no text is embedded"]
    assert embeddings(nowhere) == {}
    embed(lake, caplog)
    assert embeddings(lake).keys() == {"a"}
