"""The client of the PodcastIndex API: signed requests, at a gentle pace, retried where trying again can help."""

from __future__ import annotations

import hashlib
import json
import time
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Self, TypeVar

import httpx
import tenacity
from pydantic import BaseModel, ValidationError

from lakehouse.errors import PodcastIndexError, SettingsError
from producers.podcasts.feeds import Episode, Feed

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from lakehouse.settings import Settings

TIMEOUT_SECONDS = 20.0
"""For the connection, and between two pieces of an answer; a whole answer may take `WHOLE_ANSWER` times as long."""
WHOLE_ANSWER = 3
MAX_ANSWER_BYTES = 16 * 1024 * 1024
PAUSE_SECONDS = 1.0
"""Between requests: the API's makers ask for less than one a second."""
ATTEMPTS = 4
LONGEST_WAIT_SECONDS = 60.0
"""Between attempts; who is told to come back later than that should run the command later."""
WHERE_TO_GET_A_KEY = "A key and its secret are free at api.podcastindex.org"

_LOOPBACK = ("127.0.0.1", "localhost")
_EXCERPT_CHARACTERS = 200

M = TypeVar("M", bound=BaseModel)


class PodcastIndex:
    """A client of one index; use it as a context manager.

    Parameters
    ----------
    base_url : str
        The API's address up to its version, such as the setting `podcast_index_url`.
    pause_seconds : float
        The least time between two requests.
    sleep : callable
        How to wait, in seconds.
    """

    def __init__(
        self,
        base_url: str,
        key: str,
        secret: str,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        pause_seconds: float = PAUSE_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._key, self._secret = key, secret
        self._answer_seconds = WHOLE_ANSWER * timeout_seconds
        self._pause_seconds = pause_seconds
        self._sleep = sleep
        self._not_before = 0.0
        try:
            # A proxy of the environment leads out of this machine, never back into it.
            beyond = httpx.URL(base_url).host not in _LOOPBACK
        except httpx.InvalidURL as error:
            raise SettingsError(f"PODCAST_INDEX_URL {base_url!r} is no address: {error}. Correct it.") from None
        self._client = httpx.Client(timeout=timeout_seconds, trust_env=beyond)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def trending(self, max_feeds: int, categories: str | None = None) -> list[Feed]:
        """Ask for the podcasts that trend, the most trending first; entries that are no feed are left out.

        Parameters
        ----------
        max_feeds : int
            1 to 1000.
        categories : str, optional
            Names or numbers of categories, separated by commas; a feed has to have one of them.

        Raises
        ------
        PodcastIndexError
            The index did not answer, or not in a way that can be used.
        SettingsError
            The index refused the key.
        """
        options = {"cat": categories} if categories else {}
        return self._list("podcasts/trending", "feeds", Feed, {"max": str(max_feeds), **options})

    def newest_episode(self, feed_id: int) -> Episode | None:
        """Ask for the newest episode of a feed; None if it has none. Raises what `trending` raises."""
        parameters = {"id": str(feed_id), "max": "1", "fulltext": ""}
        return next(iter(self._list("episodes/byfeedid", "items", Episode, parameters)), None)

    def _list(self, path: str, field: str, kind: type[M], parameters: dict[str, str]) -> list[M]:
        answer = _parsed(self._asked(path, parameters), path)
        entries = answer.get(field)
        if not isinstance(entries, list):
            said = _excerpt(answer.get("description"))
            raise PodcastIndexError(f"The podcast index answered {path} without {field!r}{said}. Try again later.")
        return [model for entry in entries if (model := _model(kind, entry)) is not None]

    def _asked(self, path: str, parameters: dict[str, str]) -> bytes:
        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_TryAgainError),
            wait=_wait,
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return attempts(self._asked_once, path, parameters)
        except _TryAgainError as error:
            raise PodcastIndexError(
                f"The podcast index at {self._base_url} {error}, {ATTEMPTS} times in a row. "
                "Check the network and PODCAST_INDEX_URL, or try again later."
            ) from None

    def _asked_once(self, path: str, parameters: dict[str, str]) -> bytes:
        self._keep_pace()
        request = self._client.build_request("GET", f"{self._base_url}/{path}", params=parameters)
        # Compressed, an answer could be endless and yet bring no byte to count.
        request.headers["Accept-Encoding"] = "identity"
        # With every attempt: a signature holds for three minutes.
        request.headers.update(signed_headers(self._key, self._secret, int(time.time())))
        try:
            response = self._client.send(request, stream=True)
            try:
                return self._accepted(response, path)
            finally:
                response.close()
        except httpx.TimeoutException:
            raise _TryAgainError(f"did not answer {path} in time") from None
        except httpx.TransportError as error:
            raise _TryAgainError(f"cannot be reached or broke off its answer to {path} ({error})") from None
        except httpx.HTTPError as error:
            raise PodcastIndexError(f"The answer of the podcast index to {path} cannot be read: {error}.") from None

    def _accepted(self, response: httpx.Response, path: str) -> bytes:
        status = response.status_code
        if status == httpx.codes.UNAUTHORIZED:
            raise SettingsError(
                "The podcast index refused the key. Check PODCAST_INDEX_KEY, PODCAST_INDEX_SECRET and this machine's "
                f"clock (a signature holds for 3 minutes). {WHERE_TO_GET_A_KEY}."
            )
        if status == httpx.codes.TOO_MANY_REQUESTS:
            after = _retry_after(response)
            if after > LONGEST_WAIT_SECONDS:
                raise PodcastIndexError(
                    f"The podcast index had too many requests with this key and asks to wait {after:.0f} s. "
                    "Run the command again after that."
                )
            raise _TryAgainError(f"had too many requests with this key (429 for {path})", after)
        if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise _TryAgainError(
                f"failed to answer {path} ({status})", min(_retry_after(response), LONGEST_WAIT_SECONDS)
            )
        body = self._read(response, path)
        if status != httpx.codes.OK:
            raise PodcastIndexError(
                f"The podcast index refused {path} ({status}){_excerpt(body.decode(errors='replace'))}. "
                "Correct what was asked for, or PODCAST_INDEX_URL."
            )
        return body

    def _read(self, response: httpx.Response, path: str) -> bytes:
        """Read an answer that may be endless in size or in time."""
        deadline = time.monotonic() + self._answer_seconds
        body = bytearray()
        for piece in response.iter_raw():
            body += piece
            if len(body) > MAX_ANSWER_BYTES:
                raise PodcastIndexError(
                    f"The answer of the podcast index to {path} is longer than {MAX_ANSWER_BYTES:,} bytes, which is no "
                    "list of podcasts. Check PODCAST_INDEX_URL, or ask for fewer feeds."
                )
            if time.monotonic() > deadline:
                raise _TryAgainError(f"did not finish its answer to {path} in {self._answer_seconds:.0f} s")
        return bytes(body)

    def _keep_pace(self) -> None:
        if (wait := self._not_before - time.monotonic()) > 0:
            self._sleep(wait)
        self._not_before = time.monotonic() + self._pause_seconds


def public_index(settings: Settings) -> PodcastIndex:
    """Make a client of the index that the settings name, with their key.

    Raises
    ------
    SettingsError
        No key is set; the message says where to get one.
    """
    key = (settings.podcast_index_key or "").strip()
    secret = settings.podcast_index_secret.get_secret_value().strip() if settings.podcast_index_secret else ""
    given = {"PODCAST_INDEX_KEY": key, "PODCAST_INDEX_SECRET": secret}
    if missing := [name for name, value in given.items() if not value]:
        raise SettingsError(
            f"The podcast index needs {' and '.join(missing)}: not set. {WHERE_TO_GET_A_KEY}. "
            "`reclake fetch-episodes --demo` needs neither."
        )
    if odd := [name for name, value in given.items() if not (value.isascii() and value.isprintable())]:
        raise SettingsError(f"{' and '.join(odd)} has characters that no key has. Copy it again.")
    return PodcastIndex(settings.podcast_index_url, key, secret)


def signed_headers(key: str, secret: str, unix_time: int) -> dict[str, str]:
    """Return the headers of a request: who asks, when, and the proof of knowing the secret.

    Parameters
    ----------
    unix_time : int
        Seconds since 1970, UTC; the index refuses what is more than 3 minutes away from its own clock.
    """
    proof = hashlib.sha1(f"{key}{secret}{unix_time}".encode(), usedforsecurity=False).hexdigest()
    return {
        "User-Agent": f"RecLake/{version('reclake')}",
        "X-Auth-Key": key,
        "X-Auth-Date": str(unix_time),
        "Authorization": proof,
    }


class _TryAgainError(Exception):
    """What may be gone in a moment; `after` is how many seconds the index asked to wait."""

    def __init__(self, fault: str, after: float = 0.0) -> None:
        super().__init__(fault)
        self.after = after


_backoff = tenacity.wait_exponential_jitter(initial=1, max=16, jitter=1)


def _wait(state: tenacity.RetryCallState) -> float:
    fault = state.outcome.exception() if state.outcome else None
    return max(_backoff(state), fault.after if isinstance(fault, _TryAgainError) else 0.0)


def _retry_after(response: httpx.Response) -> float:
    """Tell how many seconds the header `Retry-After` asks for, which has a number or a date; 0 without it."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        return max(parsedate_to_datetime(value).timestamp() - time.time(), 0.0)
    except (ValueError, OverflowError):
        return 0.0


def _parsed(body: bytes, path: str) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        what = "a web page" if body.lstrip().startswith(b"<") else "JSON that is broken or cut off"
        said = _excerpt(body[:_EXCERPT_CHARACTERS].decode(errors="replace"))
        raise PodcastIndexError(
            f"The podcast index answered {path} with {what}{said}. Check PODCAST_INDEX_URL, or try again later."
        ) from None
    if not isinstance(answer, dict):
        raise PodcastIndexError(f"The podcast index answered {path} with JSON that is no object. Try again later.")
    return answer


def _model(kind: type[M], entry: Any) -> M | None:
    try:
        return kind.model_validate(entry)
    except ValidationError:
        return None


def _excerpt(text: Any) -> str:
    """Show what a server said, in a form that no terminal obeys."""
    said = " ".join(text.split())[:_EXCERPT_CHARACTERS] if isinstance(text, str) else ""
    return f": {said!r}" if said else ""
