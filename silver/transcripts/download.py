"""Downloads of strangers' files: bounded in size, time and redirects, and never from the own network."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO
from urllib.parse import urljoin

import httpcore
import httpx

from lakehouse.errors import TranscriptError
from lakehouse.transcripts import media_type
from silver.transcripts.addresses import Deadline, PublicNetwork

MOST_REDIRECTS = 5
SILENCE_SECONDS = 20.0
"""The longest that a server may say nothing."""

_BLOCK_BYTES = 65_536
# One layer multiplies a block by 1,000 at most; stacked layers would be a bomb.
_ENCODINGS = ("identity", "gzip", "deflate", "")
_HEADERS = {"User-Agent": "RecLake (podcast transcripts)", "Accept-Encoding": "identity"}


@dataclass(frozen=True)
class Limits:
    """What one download may be.

    Attributes
    ----------
    content_types : tuple of str
        Beginnings of the content types that are accepted; a server that names none is believed.
    max_bytes : int
        Size after decompression.
    seconds : float
        All the time it may take, redirects included.
    private_hosts : collection of str
        `host:port` that may lie in the own network.
    """

    content_types: tuple[str, ...]
    max_bytes: int
    seconds: float
    private_hosts: Collection[str] = ()


@dataclass(frozen=True)
class Download:
    """A file that came; it has no name on the disk and is gone when it is closed, or the process is killed."""

    file: IO[bytes]
    content_type: str
    charset: str | None


@contextmanager
def downloaded(url: str, limits: Limits) -> Iterator[Download]:
    """Download a file and yield it, read from its start.

    Raises
    ------
    TranscriptError
        The address cannot be used, did not answer as it should, or the file is more than the limits allow.
    """
    with tempfile.TemporaryFile(prefix="reclake-") as file:
        try:
            content_type, charset = _fetch(url, limits, file)
        except (httpx.HTTPError, httpx.InvalidURL, httpcore.TimeoutException, httpcore.NetworkError) as error:
            raise TranscriptError(f"{_shown(url)} could not be downloaded: {_reason(error)}.") from None
        except (httpcore.ProtocolError, ValueError) as error:
            raise TranscriptError(f"{_shown(url)} did not answer as HTTP asks: {_reason(error)}.") from None
        except TranscriptError as error:
            raise TranscriptError(f"{_shown(url)}: {error}") from None
        file.seek(0)
        yield Download(file, content_type, charset)


def _fetch(url: str, limits: Limits, file: IO[bytes]) -> tuple[str, str | None]:
    """Follow redirects by hand, each a request of its own that is checked like the first."""
    deadline = Deadline.after(limits.seconds)
    with httpx.Client(transport=_Guarded(limits.private_hosts, deadline), headers=_HEADERS, trust_env=False) as client:
        for _ in range(MOST_REDIRECTS + 1):
            if httpx.URL(url).scheme not in ("http", "https"):
                raise TranscriptError("Only http and https are downloaded from.")
            with client.stream("GET", url, timeout=SILENCE_SECONDS) as response:
                if not response.has_redirect_location:
                    return _received(response, limits, file)
                url = urljoin(url, response.headers["location"])
    raise TranscriptError(f"It was redirected more than {MOST_REDIRECTS} times.")


def _received(response: httpx.Response, limits: Limits, file: IO[bytes]) -> tuple[str, str | None]:
    if response.status_code != httpx.codes.OK:
        raise TranscriptError(f"The server answered {response.status_code}.")
    content_type = media_type(response.headers.get("content-type"))
    if content_type and not content_type.startswith(limits.content_types):
        raise TranscriptError(f"It is {content_type[:80]}, not {' or '.join(limits.content_types[:2])}.")
    if response.headers.get("content-encoding", "identity").strip().lower() not in _ENCODINGS:
        raise TranscriptError("It is compressed in a way that was not asked for.")
    _refuse_larger(_announced(response), limits)
    for block in response.iter_bytes(_BLOCK_BYTES):
        file.write(block)
        _refuse_larger(file.tell(), limits)
    if not file.tell():
        raise TranscriptError("The file is empty (0 bytes).")
    return content_type, response.charset_encoding


def _announced(response: httpx.Response) -> int:
    length = response.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() else 0


def _refuse_larger(size: int, limits: Limits) -> None:
    if size > limits.max_bytes:
        raise TranscriptError(f"The file has more than {limits.max_bytes:,} bytes, which is the limit.")


class _Guarded(httpx.BaseTransport):
    """HTTP over `PublicNetwork`; httpx's own transport cannot be given a network."""

    def __init__(self, private_hosts: Collection[str], deadline: Deadline) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(trust_env=False),
            max_keepalive_connections=0,
            network_backend=PublicNetwork(private_hosts, deadline),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        answer = self._pool.handle_request(
            httpcore.Request(
                request.method,
                httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                extensions=request.extensions,
            )
        )
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer), extensions=answer.extensions)

    def close(self) -> None:
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


def _shown(url: str) -> str:
    """An address for messages: without what may be a secret, printable and short."""
    try:
        parsed = httpx.URL(url)
        text = f"{parsed.scheme}://{parsed.netloc.decode()}{parsed.path}"
    except (httpx.InvalidURL, ValueError):
        text = url
    return "".join(c if c.isprintable() else "?" for c in text)[:300]


def _reason(error: Exception) -> str:
    if isinstance(error, httpcore.TimeoutException | httpx.TimeoutException):
        return "the server was silent for too long"
    return str(error).strip().rstrip(".")[:300] or type(error).__name__
