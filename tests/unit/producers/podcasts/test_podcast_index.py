"""The PodcastIndex client against a server that answers in recorded shapes, and that misbehaves."""

from __future__ import annotations

import json
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr

from lakehouse.errors import PodcastIndexError, SettingsError
from lakehouse.settings import Settings
from producers.podcasts.podcast_index import ATTEMPTS, PodcastIndex, public_index, signed_headers

TRENDING = {
    "status": "true",
    "feeds": [
        {
            "id": 540295,
            "url": "https://example.com/feed.xml",
            "title": "Plain Words",
            "description": "<p>Words &amp; where they come from.</p>",
            "author": "A. Writer",
            "image": "https://example.com/i.jpg",
            "newestItemPublishTime": 1737835320,
            "itunesId": None,
            "trendScore": 9,
            "language": "en-US",
            "categories": {"1": "Arts", "102": "Technology"},
        },
        {"id": None, "title": "no id"},
        "not even an object",
    ],
    "count": 3,
    "max": 3,
    "since": None,
    "description": "Found matching feeds.",
}
EPISODES = {
    "status": "true",
    "liveItems": [],
    "items": [
        {
            "id": 16795089,
            "title": "On hedges",
            "link": "https://example.com/1",
            "description": "All about hedges.",
            "guid": "ep-00001",
            "datePublished": 1546399813,
            "enclosureUrl": "https://example.com/1.mp3",
            "enclosureType": "audio/mpeg",
            "enclosureLength": 26385280,
            "duration": 1620,
            "feedLanguage": "en-us",
            "transcriptUrl": "https://example.com/1.html",
            "transcripts": [
                {"url": "https://example.com/1.html", "type": "text/html"},
                {"url": "https://example.com/1.srt", "type": "application/srt"},
            ],
        }
    ],
    "count": 1,
    "query": "540295",
    "description": "Found matching items.",
}


class Canned(NamedTuple):
    """An answer of the server; without `length` it lasts until the connection ends."""

    body: bytes | str | dict
    status: int = 200
    headers: dict[str, str] = {}
    length: int | None = -1


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requests.append((self.path, dict(self.headers)))
        canned = self.server.answers.pop(0)
        if callable(canned):
            canned(self)
            return
        body = json.dumps(canned.body) if isinstance(canned.body, dict) else canned.body
        body = body.encode() if isinstance(body, str) else body
        self.send_response(canned.status)
        for name, value in canned.headers.items():
            self.send_header(name, value)
        if canned.length is not None:
            self.send_header("Content-Length", str(len(body) if canned.length < 0 else canned.length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests, self.answers, self.done = [], [], threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}/api/1.0"

    def handle_error(self, *_):
        """Clients that hang up are what these tests are about."""


@pytest.fixture
def server():
    server = Server()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server
    server.done.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def waits():
    """What the client would have slept, in seconds."""
    return []


@pytest.fixture
def client(server, waits):
    with PodcastIndex(
        server.url, "KEY", "SECRET", timeout_seconds=0.3, pause_seconds=0, sleep=waits.append
    ) as podcast_index:
        yield podcast_index


def test_a_request_is_signed_as_the_api_documents_it():
    headers = signed_headers("UXKCGDSYGUUEVQJSYDZH", "yzJe2eE7XV-3eY576dyRZ6wXyAbndh6LUrCZ8KN|", 1613713388)

    # By `printf '%s%s%s' KEY SECRET TIME | sha1sum`.
    assert headers["Authorization"] == "73a1fffed61c1d30d858beb1fc48f355386449d2"
    assert headers["X-Auth-Key"] == "UXKCGDSYGUUEVQJSYDZH"
    assert headers["X-Auth-Date"] == "1613713388"
    assert headers["User-Agent"].startswith("RecLake/")


def test_trending_feeds_are_asked_for_and_read(server, client):
    server.answers = [Canned(TRENDING)]

    feeds = client.trending(3, "Arts,102")

    assert [(f.id, f.title, f.language, f.categories) for f in feeds] == [
        (540295, "Plain Words", "en-US", ["Arts", "Technology"])
    ]
    assert feeds[0].description == "Words & where they come from."
    path, headers = server.requests[0]
    assert urlsplit(path).path == "/api/1.0/podcasts/trending"
    assert parse_qs(urlsplit(path).query) == {"max": ["3"], "cat": ["Arts,102"]}
    assert headers["Authorization"] == signed_headers("KEY", "SECRET", int(headers["X-Auth-Date"]))["Authorization"]
    assert abs(int(headers["X-Auth-Date"]) - time.time()) < 10


def test_the_newest_episode_of_a_feed_is_asked_for_and_read(server, client):
    server.answers = [Canned(EPISODES)]

    episode = client.newest_episode(540295)

    assert (episode.id, episode.title, episode.duration) == (16795089, "On hedges", 1620)
    assert episode.audio_url == "https://example.com/1.mp3"
    assert episode.transcript_url(None) == "https://example.com/1.srt"
    assert episode.published_at == "2019-01-02T03:30:13Z"
    query = parse_qs(urlsplit(server.requests[0][0]).query, keep_blank_values=True)
    assert query == {"id": ["540295"], "max": ["1"], "fulltext": [""]}


def test_a_feed_without_episodes_has_no_newest_one(server, client):
    server.answers = [Canned(EPISODES | {"items": []})]

    assert client.newest_episode(1) is None


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_what_may_pass_is_tried_again_and_signed_again(server, client, waits, status):
    server.answers = [Canned("busy", status), Canned("busy", status), Canned(TRENDING)]

    assert len(client.trending(1)) == 1
    assert len(server.requests) == 3
    assert 1 <= waits[0] < waits[1] <= 4


def test_it_waits_as_long_as_the_index_asks_for(server, client, waits):
    in_ten_seconds = formatdate(time.time() + 10.5, usegmt=True)
    server.answers = [
        Canned("", 429, {"Retry-After": "17"}),
        Canned("", 503, {"Retry-After": in_ten_seconds}),
        Canned("", 429, {"Retry-After": "soon"}),
        Canned(TRENDING),
    ]

    client.trending(1)

    assert waits[0] == 17
    assert 8 <= waits[1] <= 11
    assert waits[2] < 6


def test_who_is_told_to_come_back_much_later_does_not_wait(server, client, waits):
    server.answers = [Canned("", 429, {"Retry-After": "3600"})]

    with pytest.raises(PodcastIndexError, match="asks to wait 3600 s"):
        client.trending(1)
    assert waits == []


def test_after_some_attempts_it_gives_up(server, client):
    server.answers = [Canned("down", 500)] * ATTEMPTS

    with pytest.raises(PodcastIndexError, match=r"failed to answer podcasts/trending \(500\), 4 times in a row"):
        client.trending(1)
    assert server.answers == []


def test_a_refused_key_is_not_tried_again_and_says_where_to_get_one(server, client):
    server.answers = [Canned('"Authorization header value either not set or blank."', 401)]

    with pytest.raises(SettingsError, match=r"refused the key.*api\.podcastindex\.org") as refused:
        client.trending(1)
    assert len(server.requests) == 1
    assert "SECRET" not in str(refused.value).replace("PODCAST_INDEX_SECRET", "")


def test_what_was_wrong_with_the_question_is_said(server, client):
    server.answers = [Canned({"status": "false", "description": "Invalid \x1b[31mparameters"}, 400)]

    with pytest.raises(PodcastIndexError, match=r"refused podcasts/trending \(400\).*Invalid") as refused:
        client.trending(1)
    assert "\x1b" not in str(refused.value)


def test_signed_headers_do_not_follow_a_redirect(server, client):
    server.answers = [Canned("", 302, {"Location": "/elsewhere"})]

    with pytest.raises(PodcastIndexError, match=r"\(302\)"):
        client.trending(1)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<!DOCTYPE html><h1>Bad request</h1>", "a web page: '<!DOCTYPE html>"),
        (json.dumps(TRENDING)[:-40], "JSON that is broken or cut off"),
        ("", "JSON that is broken or cut off"),
        (b"\xff\xfe\x00", "JSON that is broken or cut off"),
        ("[" * 100_000, "JSON that is broken or cut off"),
        ('{"feeds": ' + "9" * 5_000 + "}", "JSON that is broken or cut off"),
        ("[]", "JSON that is no object"),
        ('{"status": "true"}', "without 'feeds'"),
        ('{"status": "false", "feeds": "none", "description": "Out of order"}', "without 'feeds': 'Out of order'"),
    ],
)
def test_an_answer_that_is_no_list_is_one_sentence(server, client, body, said):
    server.answers = [Canned(body)]

    with pytest.raises(PodcastIndexError) as refused:
        client.trending(1)
    assert said in str(refused.value)


def test_an_answer_that_breaks_off_is_asked_for_again(server, client):
    server.answers = [Canned(json.dumps(TRENDING)[:-40], length=5_000), Canned(TRENDING)]

    assert len(client.trending(1)) == 1


def test_a_server_that_says_nothing_is_not_waited_for(server, client):
    server.answers = [lambda handler: handler.server.done.wait(10)] * ATTEMPTS

    with pytest.raises(PodcastIndexError, match="did not answer podcasts/trending in time"):
        client.trending(1)


def test_an_answer_that_trickles_is_not_waited_for(server, client):
    def trickle(handler):
        handler.send_response(200)
        handler.end_headers()
        while not handler.server.done.wait(0.02):
            handler.wfile.write(b" ")

    server.answers = [trickle] * ATTEMPTS

    with pytest.raises(PodcastIndexError, match="did not finish its answer"):
        client.trending(1)


@pytest.mark.parametrize("headers", [{}, {"Content-Encoding": "gzip"}])
def test_an_endless_answer_is_broken_off(server, client, headers):
    def endless(handler):
        handler.send_response(200)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        while not handler.server.done.is_set():
            handler.wfile.write(b" " * 1_000_000)

    server.answers = [endless]

    with pytest.raises(PodcastIndexError, match="longer than"):
        client.trending(1)


def test_an_index_that_is_not_there_is_one_sentence(waits):
    with (
        PodcastIndex("http://127.0.0.1:1", "KEY", "SECRET", sleep=waits.append) as client,
        pytest.raises(PodcastIndexError, match=r"cannot be reached.*4 times in a row.*PODCAST_INDEX_URL"),
    ):
        client.trending(1)


def test_requests_keep_their_distance(server, waits):
    server.answers = [Canned(TRENDING)] * 3
    with PodcastIndex(server.url, "KEY", "SECRET", pause_seconds=5, sleep=waits.append) as client:
        client.trending(1)
        client.trending(1)

    assert len(waits) == 1
    assert 4 < waits[0] <= 5


@pytest.mark.parametrize(
    ("key", "secret", "missing"),
    [
        (None, None, "PODCAST_INDEX_KEY and PODCAST_INDEX_SECRET"),
        ("key", None, "PODCAST_INDEX_SECRET"),
        (" \n", "secret", "PODCAST_INDEX_KEY"),
    ],
)
def test_without_a_key_it_says_where_to_get_one_and_offers_the_demo(key, secret, missing):
    settings = Settings(podcast_index_key=key, podcast_index_secret=secret and SecretStr(secret))

    with pytest.raises(SettingsError, match=rf"needs {missing}: not set\..*api\.podcastindex\.org.*--demo"):
        public_index(settings)


def test_a_key_that_no_header_can_carry_is_refused_without_showing_it():
    settings = Settings(podcast_index_key="key", podcast_index_secret=SecretStr("pass\nwörd"))

    with pytest.raises(SettingsError, match="PODCAST_INDEX_SECRET has characters") as refused:
        public_index(settings)
    assert "pass" not in str(refused.value)


def test_the_line_end_of_a_secret_that_came_from_a_file_does_no_harm(server):
    settings = Settings(
        podcast_index_url=server.url, podcast_index_key="key\n", podcast_index_secret=SecretStr("secret\r\n")
    )
    server.answers = [Canned(TRENDING)]

    with public_index(settings) as client:
        client.trending(1)

    headers = server.requests[0][1]
    assert headers["Authorization"] == signed_headers("key", "secret", int(headers["X-Auth-Date"]))["Authorization"]
