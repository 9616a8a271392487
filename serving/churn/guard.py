"""What a request has to get past before its body is looked at: rate, key, content type and size."""

from __future__ import annotations

import asyncio
import hmac

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lakehouse.errors import SettingsError
from lakehouse.settings import CHURN_KEY_HEADER

MOST_BYTES = 512 * 1024
"""Of a body; a batch of 1,000 shoppers with every input has about 250,000."""
BODY_SECONDS = 10.0
"""Time that a body may take to arrive."""
_MOST_DISCARDED = 16 * MOST_BYTES
"""What is read of a body that is too large, so that its sender gets to hear why; then the connection is closed."""


def read_rate(text: str) -> RateLimitItem:
    """Read a rate such as `500/second`.

    Raises
    ------
    SettingsError
        It cannot be read.
    """
    try:
        return parse(text)
    except ValueError:
        raise SettingsError(
            f"CHURN_API_RATE is {text!r}. Give a number of requests and a time, such as 500/second."
        ) from None


class Guard:
    """The application behind its checks.

    Parameters
    ----------
    paths : collection of str
        What is guarded.
    key : str or None
        What the header has to say.
    rate : RateLimitItem
        Requests that one client may make.
    """

    def __init__(self, app: ASGIApp, paths: frozenset[str], key: str | None, rate: RateLimitItem) -> None:
        self._app = app
        self._paths = paths
        self._key = None if key is None else key.encode()
        self._rate = rate
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a refusal, or pass the request on with its whole body."""
        if scope["type"] != "http" or scope["path"] not in self._paths or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is None:
            try:
                async with asyncio.timeout(BODY_SECONDS):
                    body = await _body(receive)
            except TimeoutError:
                refusal = _refused(408, f"The body did not arrive within {BODY_SECONDS:.0f} seconds.")
            else:
                if body is None:
                    refusal = _refused(413, f"The body is larger than {MOST_BYTES:,} bytes. Send fewer rows at a time.")
        await (refusal(scope, receive, send) if refusal else self._app(scope, _replayed(body, receive), send))

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        client = scope["client"][0] if scope.get("client") else ""
        if not self._limiter.hit(self._rate, client):
            return _refused(429, f"More than {self._rate} requests came from {client}.", {"Retry-After": "1"})
        headers = Headers(scope=scope)
        # As it was sent: headers are decoded by a rule that knows no character of more than a byte.
        given = headers.get(CHURN_KEY_HEADER, "").encode("latin-1")
        if self._key is not None and not hmac.compare_digest(given, self._key):
            return _refused(401, f"The header {CHURN_KEY_HEADER} does not hold the key of this API.")
        kind = headers.get("content-type", "").split(";")[0].strip().lower()
        if kind != "application/json":
            return _refused(415, f"The content type is {kind or 'not given'}; send application/json.")
        return None


async def _body(receive: Receive) -> bytes | None:
    """Read a body whole; none if it is too large, of which no more than the limit is ever held."""
    parts: list[bytes] = []
    size, more = 0, True
    while more and size <= _MOST_DISCARDED:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size <= MOST_BYTES:
            parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts) if size <= MOST_BYTES else None


def _replayed(body: bytes | None, receive: Receive) -> Receive:
    message: Message | None = {"type": "http.request", "body": body or b"", "more_body": False}

    async def replay() -> Message:
        nonlocal message
        if message is None:
            return await receive()
        first, message = message, None
        return first

    return replay


def _refused(status: int, reason: str, headers: dict[str, str] | None = None) -> JSONResponse:
    closing = {"Connection": "close"} if status in (408, 413) else {}
    return JSONResponse({"detail": reason, "faults": []}, status, headers={**(headers or {}), **closing})
