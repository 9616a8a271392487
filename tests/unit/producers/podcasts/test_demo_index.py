"""The demo's index: PodcastIndex's shape, the simulator's episodes, transcripts and audio that can be read."""

from __future__ import annotations

import io
import json
import wave
from collections import Counter

import httpx
import pytest

from lakehouse.errors import PodcastIndexError, SettingsError
from producers.podcasts.demo_index import DEMO_KEY, DEMO_SECRET, DemoIndex
from producers.podcasts.demo_index.feeds import contents
from producers.podcasts.demo_index.transcripts import FORMATS
from producers.podcasts.episodes import DEMO, metadata
from producers.podcasts.languages import language_of
from producers.podcasts.podcast_index import PodcastIndex, signed_headers
from producers.simulator.catalogue import catalogue
from producers.simulator.vocabulary import WORDS


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    with DemoIndex(tmp_path_factory.mktemp("demo"), seed=42, run=1) as demo:
        yield demo


@pytest.fixture(scope="module")
def client(demo):
    with PodcastIndex(demo.url, DEMO_KEY, DEMO_SECRET, pause_seconds=0) as client:
        yield client


@pytest.fixture(scope="module")
def web():
    with httpx.Client(trust_env=False) as web:
        yield web


def test_its_episodes_are_those_of_the_simulated_listeners(client):
    known = {fields["episode_id"]: fields for run in (0, 1) for fields in catalogue(seed=42, run=run).new_episodes()}

    feeds = client.trending(60, None)

    records = [metadata(client.newest_episode(feed.id), feed, "en", DEMO) for feed in feeds if feed.id <= 60]
    assert len(records) > 40
    for record in records:
        expected = known[record["episode_id"]]
        same = ("title", "author", "description", "feed_id", "duration", "published_at")
        assert {name: record[name] for name in same} == {name: expected[name] for name in same}
        newest = max(fields["published_at"] for fields in known.values() if fields["feed_id"] == record["feed_id"])
        assert record["published_at"] == newest


def test_its_feeds_are_of_several_languages_declared_or_not(client):
    feeds = client.trending(1000)

    declared = [feed for feed in feeds if feed.language]
    languages = Counter((language_of(feed) or "unknown").partition("-")[0] for feed in feeds)
    assert languages == {"en": 60, "de": 3, "es": 3, "fr": 3}
    assert {language_of(feed) for feed in feeds if not feed.language} == {"en", "de", "es", "fr"}
    assert any(feed.language.isupper() for feed in declared)
    assert len({feed.id for feed in feeds}) == len(feeds)
    # Those of other languages are among the first 50 too.
    assert Counter(feed.id > 60 for feed in feeds[:50])[True] >= 5


def test_feeds_can_be_limited_in_number_and_category(client):
    assert len(client.trending(7)) == 7
    assert {category for feed in client.trending(50, "music, Film") for category in feed.categories} == {
        "Music",
        "Film",
    }


def test_most_episodes_offer_a_transcript_about_themselves_in_the_declared_format(client, web):
    episodes = [client.newest_episode(feed.id) for feed in client.trending(30)]
    offered = [episode for episode in episodes if episode.transcript_url(None)]

    assert len(episodes) > len(offered) > 15
    seen = set()
    for episode in offered:
        answer = web.get(episode.transcript_url(None))
        extension = episode.transcript_url(None).rpartition(".")[2]
        content_type = answer.headers["content-type"].partition(";")[0]
        assert (extension, content_type) in {(known.extension, known.content_type) for known in FORMATS}
        text = answer.text.replace("&#x27;", "'").replace("&amp;", "&")
        assert 300 < len(text.split()) < 1_500
        assert episode.title in text
        seen.add(extension)
    assert len(seen) == len(FORMATS)


def test_transcripts_are_well_formed_and_the_same_every_time():
    episodes = contents(42, 0).episodes.values()
    by_extension = {episode.format.extension: episode.transcript for episode in list(episodes)[:5]}

    assert by_extension["srt"].startswith("1\n00:00:00,000 --> 00:00:0")
    assert by_extension["vtt"].startswith("WEBVTT\n\n00:00:00.000 --> 00:00:0")
    segments = json.loads(by_extension["json"])["segments"]
    assert all(0 <= segment["startTime"] < segment["endTime"] for segment in segments)
    assert by_extension["html"].startswith("<cite>Host:</cite>\n<time>0:00</time>\n<p>")
    again = {episode.format.extension: episode.transcript for episode in list(contents(42, 0).episodes.values())[:5]}
    assert again == by_extension


def test_transcripts_speak_of_their_topic():
    episodes = contents(42, 0).episodes

    for number, fields in list(enumerate(catalogue(42, 0).new_episodes(), 1))[:50]:
        text = episodes[number].transcript.lower()
        mentions = {topic: sum(text.count(word.lower()) for word in words) for topic, words in WORDS.items()}
        assert max(mentions, key=mentions.get) == fields["categories"][0]


def test_audio_is_a_second_of_sound(client, web):
    answer = web.get(client.newest_episode(1).audio_url)

    assert answer.headers["content-type"] == "audio/wav"
    with wave.open(io.BytesIO(answer.content)) as audio:
        assert audio.getnframes() / audio.getframerate() == 1


@pytest.mark.parametrize(
    "headers",
    [
        {},
        signed_headers(DEMO_KEY, DEMO_SECRET, 0),
        signed_headers(DEMO_KEY, "another", 2**40),
        signed_headers(DEMO_KEY, DEMO_SECRET, 1) | {"X-Auth-Date": "now"},
    ],
)
def test_it_refuses_what_the_api_would_refuse(demo, web, headers):
    assert web.get(f"{demo.url}/podcasts/trending", headers=headers).status_code == 401


def test_a_wrong_secret_is_refused_and_an_unknown_question_too(demo, client):
    with PodcastIndex(demo.url, DEMO_KEY, "wrong", pause_seconds=0) as stranger, pytest.raises(SettingsError):
        stranger.trending(1)
    with PodcastIndex(f"{demo.url}/x", DEMO_KEY, DEMO_SECRET) as lost, pytest.raises(PodcastIndexError, match="400"):
        lost.trending(1)
    assert client.newest_episode(999_999) is None


@pytest.mark.parametrize(
    "path", ["/", "/audio/1.mp3", "/transcripts/999999.srt", "/transcripts/../1.srt", "/audio/1.wav/x"]
)
def test_other_files_do_not_exist(demo, web, path):
    assert web.get(demo.url.removesuffix("/api/1.0") + path).status_code == 404


def test_its_addresses_stay_for_the_next_time_and_give_way_when_taken(tmp_path):
    with DemoIndex(tmp_path, 42, 0) as first, DemoIndex(tmp_path, 42, 0) as beside:
        assert beside.url != first.url
    with DemoIndex(tmp_path, 42, 0) as second:
        assert second.url == beside.url
