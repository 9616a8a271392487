"""Transcripts and feeds of strangers: words or one sentence, no markup, in time linear in what came."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from producers.podcasts.feeds import Episode, Feed
from producers.podcasts.podcast_index import PodcastIndex
from silver.transcripts.formats import clean_text, decoded
from tests.fuzz.bounds import cpu_for, told_in_a_sentence
from tests.fuzz.hostile import Repeated, fuzzed, marks, mutated, repeated

SRT = b"1\n00:00:01,000 --> 00:00:02,500\nm0001 <i>salt</i> &amp; {\\an8}\n\n2\n0:03,0 --> 00:00:04,000\nm0002 1984\n"
VTT = b"WEBVTT\n\nNOTE\nno\n\nSTYLE\n::cue {}\n\nintro\n00:01.000 --> 00:02.000 align:start\n<v Ann>m0001 <c.red>&lt;\n"
PAGE = (
    b"<!DOCTYPE html><html><head><title>T</title></head><body><p>m0001 <b>a</b> &amp;<br>m0002</p><script>x()</script>"
)
SEGMENTS = json.dumps({"segments": [{"startTime": 0.5, "body": "m0001"}, {"text": "m0002"}]}).encode()
SEEDS = (
    SRT,
    SRT.replace(b"\n", b"\r\n"),
    VTT,
    PAGE,
    SEGMENTS,
    b"[00:00:01.000 --> 00:00:02.000] m0001\n[00:02] m0002\n",
)
TOKENS = (
    b"<",
    b">",
    b"</",
    b"<!--",
    b"-->",
    b" --> ",
    b"&",
    b"&#",
    b"&#x110000;",
    b"&amp;",
    b"&#99999999999;",
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b"\\",
    b"\n",
    b"\r",
    b"\0",
    b"\x1b",
    b"00:01",
    b"00:00:01,000 --> 00:00:02,000\n",
    b"<i>",
    b"<script>",
    b"1",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xe2\x80\xa8",
    b"WEBVTT\n",
    b"NOTE\n",
    b" ",
    b"\t",
    b"<p ",
    b"{\\",
    b"<![CDATA[",
    b"m",
)
KINDS = st.sampled_from(
    [None, "text/srt", "text/vtt", "text/html", "application/json", "text/plain; charset=utf-16", "x/"]
)
INDEX = PodcastIndex("http://localhost:1", "key", "secret")
"""Of which only what it makes of answers is tried."""
FEED = {"id": 7, "title": "m0001", "categories": {"55": "Music"}, "language": "en", "description": "<p>m0002</p> &amp;"}
ITEM = {
    "id": 1,
    "title": "m0003",
    "enclosureUrl": "https://x.org/a.mp3",
    "duration": 60,
    "datePublished": 1_700_000_000,
}
ITEM |= {"transcripts": [{"url": "https://x.org/a.vtt", "type": "text/vtt"}], "description": "<a href='x'>m0004</a>"}
ANSWERS = tuple(json.dumps(answer).encode() for answer in ({"feeds": [FEED, FEED]}, {"items": [ITEM]}))
ANSWER_TOKENS = (
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b":",
    b",",
    b"\\u0000",
    b"\\ud800",
    b"1e400",
    b"-1",
    b"9" * 40,
    b"null",
    b"NaN",
    b"true",
    b"\xff",
    b"\0",
    b"<",
    b"&",
    b"<a ",
    b"&#",
    b'{"id":1}',
    b"https://",
    b"[::1",
    b"@",
    b"9" * 4_400,
)


def transcript(body: bytes, kind: str | None = None) -> str | None:
    """The words of a body: text that any terminal and any table takes."""
    with cpu_for(len(body)), told_in_a_sentence():
        words = clean_text(decoded(body), kind, "https://x.org/t", max_chars=100_000)
        assert 0 < len(words) <= 100_000
        assert words == words.strip()
        assert all(c == "\n" or ord(c) >= 32 for c in words)
        assert words.encode()
        return words
    return None


def answer_of_the_index(body: bytes) -> None:
    """Feeds and episodes that say what they may, whatever the answer is."""
    INDEX._asked = lambda *_: body
    with cpu_for(len(body)), told_in_a_sentence():
        for feed in INDEX.trending(10):
            assert json.dumps(feed.model_dump(), ensure_ascii=False).encode()
    with cpu_for(len(body)), told_in_a_sentence():
        episode = INDEX.newest_episode(1)
        if episode:
            assert json.dumps(episode.model_dump(), ensure_ascii=False).encode()
            assert episode.published_at is None or episode.published_at.endswith("Z")
            address = episode.transcript_url("en")
            assert address is None or address.startswith("http")


@fuzzed(120)
@given(mutated(SEEDS, TOKENS), KINDS)
def test_transcripts_are_words_or_refused(body, kind):
    transcript(body, kind)


@pytest.mark.parametrize("seed", SEEDS)
def test_seeds_of_transcripts_have_all_their_words(seed):
    assert set(marks(transcript(seed) or "")) == set(marks(seed.decode()))


@fuzzed(60)
@given(
    repeated(TOKENS, (b"", b"WEBVTT\n\n", b"<html>", b'{"segments":[', b"1\n00:00:01,000 --> 00:00:02,000\n")), KINDS
)
def test_transcripts_take_time_by_their_length(body, kind):
    transcript(body.content, kind)


@fuzzed(100)
@given(mutated(ANSWERS, ANSWER_TOKENS))
def test_answers_of_the_index_are_understood_or_refused(body):
    answer_of_the_index(body)


@fuzzed(40)
@given(repeated(ANSWER_TOKENS, (b"", b'{"feeds":', b'{"items":[{"id":1,"title":')))
@example(Repeated(b'{"items":', b"["))
def test_answers_of_the_index_take_time_by_their_length(body):
    answer_of_the_index(body.content)


@fuzzed(40)
@given(
    repeated(ANSWER_TOKENS),
    st.sampled_from(["title", "description", "enclosureUrl", "id", "duration", "datePublished"]),
)
@example(Repeated(b"", b"<a "), "description")
@example(Repeated(b"https://", b"\0"), "enclosureUrl")
def test_fields_of_feeds_take_time_by_their_length(value, name):
    text = value.content.decode("utf-8", "surrogateescape")
    for kind in (Feed, Episode):
        with cpu_for(len(text)):
            try:
                kind.model_validate({"id": 1, name: text})
            except ValidationError:
                assert name == "id"
