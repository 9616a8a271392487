"""Feeds and episodes from hostile answers: odd fields become empty, nothing breaks, nothing grows too large."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lakehouse.settings import Settings
from producers.podcasts import feeds
from producers.podcasts.episodes import PODCAST_INDEX, metadata
from producers.podcasts.feeds import Episode, Feed

ODD_TEXT = st.text(st.sampled_from("ab 1:./?@[<>&;#\x00\x1b\x85\u200f\ud800\udfff🎧ש"), max_size=30)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ODD_TEXT | ODD_TEXT.map("https://".__add__),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["1", "url", "type"]), inner, max_size=3)
    ),
    max_leaves=5,
)
FIELDS = ("title", "description", "author", "language", "categories", "enclosureUrl", "transcriptUrl", "transcripts")
NUMBERS = ("duration", "datePublished")


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS + NUMBERS, ANYTHING)))
def test_whatever_the_fields_hold_there_is_a_record_that_can_be_sent(fields):
    episode, feed = Episode.model_validate({"id": 1, **fields}), Feed.model_validate({"id": 2, **fields})

    record = metadata(episode, feed, None, PODCAST_INDEX)

    sent = json.loads(json.dumps(record, ensure_ascii=False).encode())
    assert sent["episode_id"] == "pi-1"
    assert sent["feed_id"] == "pi-2"
    assert not any(ord(character) < 32 for character in sent["title"])


@pytest.mark.parametrize("number", [None, 0, -5, "", "x", True, 1.5, float("nan"), 2**63, [], {}])
def test_without_a_positive_whole_id_it_is_no_feed(number):
    with pytest.raises(ValidationError):
        Feed.model_validate({"id": number, "title": "t"})


def test_texts_lose_control_characters_and_keep_emoji_and_right_to_left_marks():
    feed = Feed.model_validate({"id": 1, "title": "\x1b[2J a\x00b\n\tc\ud800 👩\u200d🚀 \u200fשלם\u0085"})

    assert feed.title == "[2J ab c 👩\u200d🚀 \u200fשלם"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("<p>One &amp; two.</p><br/>Three", "One & two. Three"),
        ("if a < b and c > d", "if a < b and c > d"),
        ("<a href='x'" + "<b" * 10 + " end", "<a href='x'" + "<b" * 10 + " end"),
        ("&#0;&#27;[31m&lt;b&gt;", "\ufffd[31m<b>"),
        ("&lt;p&gt;One &amp;amp; two.&lt;/p&gt;", "One & two."),
    ],
)
def test_descriptions_lose_their_markup(given, text):
    assert Feed.model_validate({"id": 1, "description": given}).description == text


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("https://example.com/a.mp3?x=1&y=2", "https://example.com/a.mp3?x=1&y=2"),
        (" http://example.com/a.mp3\n", "http://example.com/a.mp3"),
        ("https://example.com/été à Paris.mp3", "https://example.com/%C3%A9t%C3%A9%20%C3%A0%20Paris.mp3"),
        ("https://bücher.example/a", "https://xn--bcher-kva.example/a"),
        ("ftp://example.com/a.mp3", None),
        ("file:///etc/passwd", None),
        ("javascript:alert(1)", None),
        ("//example.com/a.mp3", None),
        ("https://", None),
        ("https://user:word@example.com/", None),
        ("https://example.com/" + "x" * 2_000, None),
        ("https://[::1", None),
        ("http://a\x00b/", None),
        (7, None),
    ],
)
def test_only_addresses_of_the_web_are_kept(given, address):
    assert Episode.model_validate({"id": 1, "enclosureUrl": given}).audio_url == address


@pytest.mark.parametrize(
    ("given", "seconds"),
    [(1620, 1620), ("1620", 1620), (0, None), (-3, None), (1e300, None), ("9" * 5_000, None), (10**400, None)],
)
def test_durations_are_seconds_or_nothing(given, seconds):
    assert Episode.model_validate({"id": 1, "duration": given}).duration == seconds


def test_the_transcript_that_is_easiest_to_read_is_chosen():
    offered = [
        {"url": "https://example.com/t.html", "type": "text/html"},
        {"url": "ftp://example.com/t.vtt", "type": "text/vtt"},
        {"url": "https://example.com/t.json", "type": "Application/JSON"},
        {"type": "text/vtt"},
        "https://example.com/t.vtt",
    ]

    assert (
        Episode.model_validate({"id": 1, "transcripts": offered}).transcript_url("en") == "https://example.com/t.json"
    )
    only = Episode.model_validate({"id": 1, "transcripts": None, "transcriptUrl": "https://example.com/t.txt"})
    assert only.transcript_url("en") == "https://example.com/t.txt"


@pytest.mark.parametrize(
    ("offered", "language", "chosen"),
    [
        pytest.param([("de.vtt", "text/vtt", "de"), ("en.html", "text/html", "EN_us")], "en", "en.html", id="language"),
        pytest.param([("de.vtt", "text/vtt", "de"), ("t.srt", "text/plain", None)], "en", "t.srt", id="the feed's own"),
        pytest.param([("de.vtt", "text/vtt", "de-AT")], "en", None, id="only another language"),
        pytest.param([("de.vtt", "text/vtt", "de-AT")], "de-de", "de.vtt", id="another region"),
        pytest.param(
            [("gb.vtt", "text/vtt", "en-gb"), ("us.vtt", "text/vtt", "en-us")], "en-us", "us.vtt", id="region"
        ),
        pytest.param([("de.vtt", "text/vtt", "de"), ("en.srt", "text/srt", "en")], None, "de.vtt", id="unknown"),
        pytest.param(
            [("t.html", "text/html", None), ("t", "Application/SRT; charset=utf-8", None)], "en", "t", id="type"
        ),
        pytest.param([("t.html", "text/html", None), ("t.vtt", "", None)], "en", "t.vtt", id="no type"),
        pytest.param([("t.html", "text/html", None), ("t", "application/x-srt", None)], "en", "t", id="another name"),
    ],
)
def test_of_several_transcripts_the_language_decides_and_then_the_format(offered, language, chosen):
    root = "https://example.com/"
    given = [{"url": root + url, "type": kind, "language": tongue} for url, kind, tongue in offered]
    episode = Episode.model_validate({"id": 1, "transcripts": given, "transcriptUrl": given[0]["url"]})

    assert episode.transcript_url(language) == (root + chosen if chosen else None)


def test_titles_and_names_have_characters_where_entities_were():
    feed = Feed.model_validate({"id": 1, "title": "Q&amp;A &#39;24: R&notes", "author": "Ann &amp;amp; Bob"})

    assert (feed.title, feed.author) == ("Q&A '24: R&notes", "Ann & Bob")
    assert Episode.model_validate({"id": 1, "title": "3 &lt; 4"}).title == "3 < 4"


def test_categories_are_names_each_once():
    given = {"1": "Arts", "2": "Arts", "3": None, "4": " Tech\u0000nology "}

    assert Feed.model_validate({"id": 1, "categories": given}).categories == ["Arts", "Technology"]


def test_the_largest_record_is_smaller_than_what_silver_takes():
    # Two bytes in JSON, or four in UTF-8, are the most that a character takes.
    wide = "🎧" * 100_000
    url = "https://example.com/" + "x" * (feeds.URL_CHARACTERS - 20)
    longest = {"title": wide, "description": wide, "author": wide, "enclosureUrl": url, "transcriptUrl": url}
    longest["categories"] = [f"{number}{wide}" for number in range(100)]
    episode, feed = Episode.model_validate({"id": 2**63 - 1, **longest}), Feed.model_validate({"id": 1, **longest})

    record = metadata(episode, feed, "en", PODCAST_INDEX)

    assert Counter(map(len, (episode.title, episode.description))) == {500: 1, 8_000: 1}
    assert len(json.dumps(record, ensure_ascii=False).encode()) < Settings.model_fields["max_value_bytes"].default
