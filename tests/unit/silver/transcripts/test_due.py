"""Which episodes are due, and in which order."""

from __future__ import annotations

import datetime as dt

from chispa import assert_df_equality

from silver.transcripts.due import due

NOW = dt.datetime(2024, 5, 10, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
EPISODES = (
    "episode_id string, title string, language string, transcript_url string, audio_url string, published_at date"
)
TRANSCRIPTS = (
    "episode_id string, text string, status string, source string, retry_count int, next_retry_at timestamp, "
    "transcript_url string, audio_url string, updated_at timestamp"
)
DUE = (
    "episode_id string, title string, language string, transcript_url string, audio_url string, retry_count int, "
    "has_text boolean"
)


def tried(episode_id, status, source=None, count=0, retry=None, transcript="t", audio="a", ago=1):
    return (episode_id, "x" if source else None, status, source, count, retry, transcript, audio, NOW - ago * HOUR)


def test_new_moved_waited_and_unheard_episodes_are_due_and_no_others(spark):
    transcripts = [
        tried("done", "done", "publisher"),
        tried("done by speech", "done", "speech"),
        tried("publisher's, audio moved", "done", "publisher", audio="old"),
        tried("publisher's, transcript moved", "done", "publisher", transcript="old", ago=9),
        tried("speech, audio moved", "done", "speech", audio="old", ago=8),
        tried("speech, transcript appeared", "done", "speech", transcript=None, ago=7),
        tried("failed, waits", "failed", count=1, retry=NOW + HOUR),
        tried("failed, waited", "failed", count=2, retry=NOW, ago=6),
        tried("failed, moved", "failed", "publisher", count=2, retry=NOW + HOUR, audio=None, ago=5),
        tried("given up", "given_up", count=3),
        tried("given up, moved", "given_up", count=3, audio="old", ago=4),
        tried("unheard", "no_speech_model", count=3, ago=3),
        tried("no source", "no_source"),
        tried("source appeared", "no_source", transcript=None, audio=None, ago=2),
    ]
    names = ["new", "newer", *(row[0] for row in transcripts)]
    days = {"new": dt.date(2024, 5, 1), "newer": dt.date(2024, 5, 2)}
    episodes = spark.createDataFrame([(n, n.title(), "en", "t", "a", days.get(n)) for n in names], EPISODES)

    actual = due(episodes, spark.createDataFrame(transcripts, TRANSCRIPTS), NOW, again=["no_speech_model"])

    expected = [
        ("newer", 0, False),
        ("new", 0, False),
        ("publisher's, transcript moved", 0, True),
        ("speech, audio moved", 0, True),
        ("speech, transcript appeared", 0, True),
        ("failed, waited", 2, False),
        ("failed, moved", 0, True),
        ("given up, moved", 0, False),
        ("unheard", 0, False),
        ("source appeared", 0, False),
    ]
    rows = [(name, name.title(), "en", "t", "a", count, has_text) for name, count, has_text in expected]
    assert_df_equality(actual, spark.createDataFrame(rows, DUE), ignore_nullable=True)


def test_without_a_speech_model_what_lacks_one_is_not_due(spark):
    episodes = spark.createDataFrame([("unheard", "Unheard", "en", "t", "a", None)], EPISODES)
    transcripts = spark.createDataFrame([tried("unheard", "no_speech_model")], TRANSCRIPTS)

    assert due(episodes, transcripts, NOW).isEmpty()
