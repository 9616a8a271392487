"""The replay of titles: a catalogue of any shape becomes episodes."""

import json

from producers.replay.replay import title_records


def test_movielens_titles_are_episodes(tmp_path):
    path = tmp_path / "movies.csv"
    path.write_text(
        'movieId,title,genres\n11,"American President, The (1995)",Comedy|Drama\n2,Solo,(no genres listed)\n',
    )
    unknown = dict.fromkeys(("author", "description", "audio_url", "feed_id", "language", "duration", "published_at"))

    records = list(title_records(path))

    assert [(record.topic, record.key, record.kind) for record in records] == [
        ("episode-metadata", b"11", "episode"),
        ("episode-metadata", b"2", "episode"),
    ]
    assert [json.loads(record.value) for record in records] == [
        {"episode_id": "11", "title": "American President, The (1995)", "categories": ["Comedy", "Drama"], **unknown},
        {"episode_id": "2", "title": "Solo", "categories": [], **unknown},
    ]


def test_titles_of_ones_own_are_mapped(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_text('{"id": 5, "name": "Bees", "duration": "60", "categories": ["Science"], "isbn": "x"}')

    (record,) = title_records(path, mapping={"episode_id": "id", "title": "name"})

    episode = json.loads(record.value)
    assert (episode["episode_id"], episode["title"], episode["duration"]) == ("5", "Bees", 60)
    assert (episode["categories"], episode["isbn"]) == (["Science"], "x")
