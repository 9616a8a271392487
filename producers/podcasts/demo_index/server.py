"""The demo's index as a server on this machine: signed requests in, PodcastIndex's shape, transcripts and audio out."""

from __future__ import annotations

import io
import json
import math
import re
import struct
import threading
import time
import wave
from functools import cache, cached_property
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, urlsplit

from producers.podcasts.demo_index.feeds import Contents, DemoEpisode, contents
from producers.podcasts.podcast_index import signed_headers

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

DEMO_KEY = "DEMO"
DEMO_SECRET = "no secret at all"  # noqa: S105, it is none
API = "/api/1.0"
SIGNATURE_SECONDS = 180
MOST = 1000
SAMPLE_RATE = 8_000

_MEDIA = re.compile(r"/(transcripts|audio)/(\d{1,9})\.(\w{1,5})")


class DemoIndex:
    """The index, for as long as its `with` block lasts.

    Where `home` has kept the port of an earlier one, it is used again if nobody else took it, so that addresses of
    transcripts and audio that were published once work as often as an index runs.

    Parameters
    ----------
    home : Path
        The folder of local state.
    seed, run : int
        As of `reclake simulate`: ids and titles are those that its events refer to.

    Attributes
    ----------
    url : str
        The API's base URL, for `producers.podcasts.podcast_index.PodcastIndex`.
    """

    def __init__(self, home: Path, seed: int, run: int) -> None:
        self._port_file = home / "demo_index.port"
        self._seed, self._run = seed, run

    def __enter__(self) -> Self:
        self._server = self._bound()
        self.url = self._server.media_url + API
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _bound(self) -> _Server:
        try:
            return _Server(int(self._port_file.read_text()), self._seed, self._run)
        except (OSError, ValueError, OverflowError):
            server = _Server(0, self._seed, self._run)
        self._port_file.parent.mkdir(parents=True, exist_ok=True)
        self._port_file.write_text(str(server.server_port))
        return server


class _Server(ThreadingHTTPServer):
    def __init__(self, port: int, seed: int, run: int) -> None:
        self._seed, self._run = seed, run
        self._filling = threading.Lock()
        super().__init__(("127.0.0.1", port), _Answer)
        self.media_url = f"http://127.0.0.1:{self.server_port}"

    @property
    def contents(self) -> Contents:
        """What there is; made when somebody asks for it."""
        with self._filling:
            return self._made

    @cached_property
    def _made(self) -> Contents:
        return contents(self._seed, self._run)


class _Answer(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = 30
    # Else the body waits for the client to confirm the headers.
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Answer a request of the API, or for a transcript or audio."""
        address = urlsplit(self.path)
        if address.path.startswith(f"{API}/"):
            self._answer_api(address.path.removeprefix(f"{API}/"), parse_qs(address.query))
        else:
            self._answer_media(address.path)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing: there is a progress bar on the screen."""

    def _answer_api(self, path: str, query: dict[str, list[str]]) -> None:
        given = {name: values[0] for name, values in query.items()}
        if fault := self._signature_fault():
            self._send_json(fault, HTTPStatus.UNAUTHORIZED)
        elif path == "podcasts/trending":
            wanted = {name.strip().lower() for name in given.get("cat", "").split(",")} - {""}
            feeds = [f for f in self.server.contents.feeds if not wanted or wanted & {c.lower() for c in f.categories}]
            kept = feeds[: _at_most(given)]
            listed = [feed.as_feed(trend) for trend, feed in zip(range(len(kept), 0, -1), kept, strict=True)]
            self._send_list("feeds", listed)
        elif path == "episodes/byfeedid" and given.get("id", "").isdecimal():
            newest = self.server.contents.newest(int(given["id"]), _at_most(given))
            self._send_list("items", [episode.as_item(self.server.media_url) for episode in newest])
        else:
            self._send_json({"status": "false", "description": "Invalid parameters"}, HTTPStatus.BAD_REQUEST)

    def _signature_fault(self) -> str | None:
        date = self.headers.get("X-Auth-Date", "")
        if not self.headers.get("User-Agent"):
            return "User-Agent header is not set or blank."
        if not date.isdecimal() or abs(time.time() - int(date)) > SIGNATURE_SECONDS:
            return "X-Auth-Date header is not set, or not within 3 minutes of now."
        expected = signed_headers(DEMO_KEY, DEMO_SECRET, int(date))
        same = all(self.headers.get(name, "") == expected[name] for name in ("X-Auth-Key", "Authorization"))
        return None if same else "Authorization header value is not right for this key."

    def _answer_media(self, path: str) -> None:
        match = _MEDIA.fullmatch(path)
        episode = self.server.contents.episodes.get(int(match[2])) if match else None
        media = _media(episode, match[1], match[3]) if episode and match else None
        if media is None:
            self._send_json("There is no such file.", HTTPStatus.NOT_FOUND)
        else:
            self._send(*media)

    def _send_list(self, field: str, listed: list[dict[str, Any]]) -> None:
        self._send_json({"status": "true", field: listed, "count": len(listed), "description": "Found matching items"})

    def _send_json(self, value: object, status: HTTPStatus = HTTPStatus.OK) -> None:
        self._send("application/json", json.dumps(value).encode(), status)

    def _send(self, content_type: str, body: bytes, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _media(episode: DemoEpisode, kind: str, extension: str) -> tuple[str, bytes] | None:
    if kind == "audio" and extension == "wav":
        return "audio/wav", _tone()
    if kind == "transcripts" and extension == episode.format.extension:
        return f"{episode.format.content_type}; charset=utf-8", episode.transcript.encode()
    return None


@cache
def _tone() -> bytes:
    """One second of a quiet tone as a WAV file."""
    samples = (int(3_000 * math.sin(2 * math.pi * 440 * number / SAMPLE_RATE)) for number in range(SAMPLE_RATE))
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(SAMPLE_RATE)
        writer.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return file.getvalue()


def _at_most(given: dict[str, str]) -> int:
    asked = given.get("max", "")
    return max(1, min(int(asked), MOST)) if asked.isdecimal() else MOST
