"""The work on a lakehouse: killed, repeated, waited for and moved."""

from __future__ import annotations

import datetime as dt

import pytest
from pyspark.sql import functions as F

from lakehouse import tables
from silver.transcripts.work import transcribe, work_off
from tests.unit.silver.transcripts.faulty import page
from tests.unit.silver.transcripts.test_attempt import Listener, settings_for

NOON = dt.datetime(2024, 5, 10, 12, tzinfo=dt.UTC)


def publish(lake, server, *episodes):
    """Give episodes their addresses: (id, path of the transcript, path of the audio)."""
    columns = "episode_id string, title string, transcript_url string, audio_url string, published_at date"
    rows = [
        (key, key.title(), transcript and server.url(transcript), audio and server.url(audio), dt.date(2024, 5, day))
        for day, (key, transcript, audio) in enumerate(episodes, 1)
    ]
    given = lake.spark.createDataFrame(rows, columns)
    missing = {f.name: f.dataType for f in tables.episodes.schema if f.name not in given.columns}
    lake.upsert(tables.episodes, given.withColumns({name: F.lit(None).cast(kind) for name, kind in missing.items()}))


def stored(lake):
    rows = lake.read(tables.transcripts).collect()
    return {row["episode_id"]: (row["status"], row["text"], row["retry_count"]) for row in rows}


def run(lake, speech, at=NOON, **bounds):
    return [done.episode.episode_id for done in work_off(lake, speech=speech, clock=lambda: at, **bounds)]


def test_each_episode_is_written_before_the_next_and_only_news_is_worked_on(lake, server):
    lake = lake.with_settings(
        lake.settings.model_copy(update={"download_private_hosts": settings_for(server).download_private_hosts})
    )
    publish(lake, server, ("dead", "/gone", None), ("spoken", "/page.json", "/words.wav"), ("good", "/good.vtt", None))

    # Killed within the second episode: the first one stays, the second one is worked on again.
    with pytest.raises(KeyboardInterrupt):
        run(lake, Listener(KeyboardInterrupt()))
    assert stored(lake) == {"good": ("done", "Salt & pepper", 0)}
    assert run(lake, Listener("Hello"), limit=1) == ["spoken"]
    assert run(lake, Listener()) == ["dead"]
    assert stored(lake) == {
        "good": ("done", "Salt & pepper", 0),
        "spoken": ("done", "Hello", 0),
        "dead": ("failed", None, 1),
    }

    # A failure waits; nothing else is due, and time that is over begins nothing.
    assert run(lake, Listener(), NOON + dt.timedelta(minutes=59)) == []
    at = NOON + dt.timedelta(hours=1)
    times = iter([at, at + dt.timedelta(minutes=2)])
    assert list(work_off(lake, speech=Listener(), minutes=1, clock=lambda: next(times))) == []
    assert run(lake, Listener(), at) == ["dead"]
    assert stored(lake)["dead"] == ("failed", None, 2)
    version = lake.version(tables.transcripts)
    assert run(lake, Listener(), at + dt.timedelta(hours=3)) == []
    assert lake.version(tables.transcripts) == version

    # Moved addresses: one is good now; of the other the text stays, although its new address fails.
    server.pages["/new.txt"] = page(b"Good bye", "text/plain")
    publish(lake, server, ("dead", "/new.txt", None), ("good", "/moved", None))
    transcribe.run(lake, {})
    assert stored(lake) == {
        "good": ("failed", "Salt & pepper", 1),
        "spoken": ("done", "Hello", 0),
        "dead": ("done", "Good bye", 0),
    }
