"""A server on loopback that answers as the worst hosts of podcasts do."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

VTT = b"WEBVTT\n\n00:01.000 --> 00:02.000\nSalt &amp; pepper\n"
PAUSE_SECONDS = 0.02


class FaultyServer(ThreadingHTTPServer):
    """Pages by path; `asked` has the Host header and path of every request, in order."""

    daemon_threads = True

    def __init__(self) -> None:
        self.asked: list[tuple[str | None, str]] = []
        self.closing = threading.Event()
        self.pages: dict[str, Callable[[_Handler], None]] = {
            "/good.vtt": page(VTT, "text/vtt"),
            "/untyped.vtt": page(VTT, None),
            "/zipped.vtt": page(gzip.compress(VTT), "text/vtt", ("Content-Encoding", "gzip")),
            "/bomb": page(gzip.compress(gzip.compress(bytes(10**7))), "text/vtt", ("Content-Encoding", "gzip, gzip")),
            "/empty": page(b"", "text/vtt"),
            "/page.json": page(b"<!doctype html><html><body><p>Please log in</p></body></html>", "application/json"),
            "/image": page(b"GIF89a", "image/gif"),
            "/large": page(b"", "text/vtt", ("Content-Length", str(10**12))),
            "/endless": _endless(b"x" * 65_536, 0),
            "/drip": _endless(b"x", PAUSE_SECONDS),
            "/headers": _dripping_headers,
            "/cut": page(b"WEBVTT\n", "text/vtt", ("Content-Length", "1000")),
            "/nonsense": lambda handler: _send(handler, b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
            "/words.wav": page(b"RIFF", "audio/wav"),
        }
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def host(self) -> str:
        """`host:port` as links name it."""
        return f"127.0.0.1:{self.server_port}"

    def url(self, path: str) -> str:
        """The link of a page."""
        return f"http://{self.host}{path}"


class _Handler(BaseHTTPRequestHandler):
    server: FaultyServer

    def do_GET(self) -> None:
        self.server.asked.append((self.headers["Host"], self.path))
        answer = self.server.pages.get(self.path)
        try:
            if answer:
                answer(self)
            elif self.path.startswith("/to/"):
                redirect(self.path.removeprefix("/to/"))(self)
            else:
                self.send_error(404)
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def page(body: bytes, content_type: str | None, *headers: tuple[str, str]) -> Callable[[_Handler], None]:
    """A page that is served as it is."""

    def answer(handler: _Handler) -> None:
        handler.send_response(200)
        for name, value in (*((("Content-Type", content_type),) if content_type else ()), *headers):
            handler.send_header(name, value)
        if "Content-Length" not in dict(headers):
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def redirect(target: str) -> Callable[[_Handler], None]:
    """A redirect."""

    def answer(handler: _Handler) -> None:
        handler.send_response(302)
        handler.send_header("Location", target)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def _send(handler: _Handler, content: bytes) -> None:
    handler.wfile.write(content)
    handler.wfile.flush()


def _endless(block: bytes, pause: float) -> Callable[[_Handler], None]:
    def answer(handler: _Handler) -> None:
        _send(handler, b"HTTP/1.0 200 OK\r\nContent-Type: text/vtt\r\n\r\n")
        while not handler.server.closing.wait(pause):
            _send(handler, block)

    return answer


def _dripping_headers(handler: _Handler) -> None:
    _send(handler, b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not handler.server.closing.wait(PAUSE_SECONDS):
        _send(handler, b"x")


@contextmanager
def serving() -> Iterator[FaultyServer]:
    """Run a server in a thread."""
    with FaultyServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.closing.set()
        server.shutdown()
        thread.join()
