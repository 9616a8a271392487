"""One attempt at one episode: its publisher's transcript, else its audio written down, else the reason why not."""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from lakehouse.errors import NoSpeechModelError, TranscriptError
from silver.transcripts.download import Limits, downloaded
from silver.transcripts.due import DONE, FAILED, GIVEN_UP, NO_SOURCE, NO_SPEECH_MODEL, PUBLISHER, SPEECH
from silver.transcripts.formats import clean_text, decoded

if TYPE_CHECKING:
    from lakehouse.settings import Settings
    from silver.transcripts.speech import Speech

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 3
FIRST_PAUSE = dt.timedelta(hours=1)
PAUSE_GROWS = 4

_TRANSCRIPT_TYPES = (
    "text/",
    "application/json",
    "application/srt",
    "application/x-srt",
    "application/x-subrip",
    "application/vtt",
    "application/xhtml+xml",
    "application/octet-stream",
    "binary/octet-stream",
)
_AUDIO_TYPES = ("audio/", "video/", "application/ogg", "application/octet-stream", "binary/octet-stream")
_LONGEST_ERROR = 1_000


@dataclass(frozen=True)
class Episode:
    """An episode that is due; the fields are the columns of `silver.transcripts.due.due`."""

    episode_id: str
    title: str | None
    language: str | None
    transcript_url: str | None
    audio_url: str | None
    retry_count: int = 0
    has_text: bool = False


@dataclass(frozen=True)
class Result:
    """What came of an attempt: a text and where it is from, or a status and its reason."""

    status: str
    text: str | None = None
    language: str | None = None
    source: str | None = None
    error: str | None = None
    retry_count: int = 0


def attempt(episode: Episode, settings: Settings, speech: Speech) -> Result:
    """Get the words of an episode; whatever goes wrong with its files becomes the result."""
    ways = (
        (PUBLISHER, episode.transcript_url, partial(_published, settings, episode.language)),
        (SPEECH, episode.audio_url, partial(_heard, settings, speech)),
    )
    faults: dict[str, str] = {}
    lacks_speech = False
    for source, url, words in ways:
        if not url:
            continue
        try:
            text, language = words(url)
        except NoSpeechModelError as error:
            lacks_speech = True
            faults[source] = str(error)
        except TranscriptError as error:
            faults[source] = str(error)
        except Exception as error:  # a stranger's file that breaks a decoder must not stop the episodes behind it
            log.exception("A file of episode %s broke its reader", episode.episode_id)
            faults[source] = f"The file broke its reader: {type(error).__name__}: {error}."
        else:
            return Result(DONE, text, language, source)
    if not faults:
        return Result(NO_SOURCE, error="The episode has neither a transcript_url nor an audio_url.")
    error_text = " ".join(f"{source}: {fault}" for source, fault in faults.items())[:_LONGEST_ERROR]
    if lacks_speech and PUBLISHER not in faults:
        # Nothing was tried, so nothing counts.
        return Result(NO_SPEECH_MODEL, error=error_text)
    count = episode.retry_count + 1
    if count < MOST_ATTEMPTS:
        return Result(FAILED, error=error_text, retry_count=count)
    return Result(NO_SPEECH_MODEL if lacks_speech else GIVEN_UP, error=error_text, retry_count=count)


def retry_at(failed_at: dt.datetime, retry_count: int) -> dt.datetime:
    """When an episode that failed for the `retry_count`-th time is tried again.

    Examples
    --------
    >>> [f"{retry_at(dt.datetime(2024, 5, 1), count):%H:%M}" for count in (1, 2)]
    ['01:00', '04:00']
    """
    return failed_at + FIRST_PAUSE * int(PAUSE_GROWS ** (retry_count - 1))


def _published(settings: Settings, language: str | None, url: str) -> tuple[str, str | None]:
    with downloaded(url, _limits(settings, _TRANSCRIPT_TYPES, settings.transcript_max_bytes)) as came:
        body = decoded(came.file.read(), came.charset)
    return clean_text(body, came.content_type, url, settings.transcript_max_chars), language


def _heard(settings: Settings, speech: Speech, url: str) -> tuple[str, str | None]:
    speech.prepare()
    with downloaded(url, _limits(settings, _AUDIO_TYPES, settings.audio_max_bytes)) as came:
        heard = speech.hear(came.file)
    if not heard.text.strip():
        raise TranscriptError("Nobody speaks in the audio.")
    return heard.text[: settings.transcript_max_chars], heard.language


def _limits(settings: Settings, content_types: tuple[str, ...], max_bytes: int) -> Limits:
    hosts = {host.strip() for host in settings.download_private_hosts.split(",")}
    return Limits(content_types, max_bytes, settings.download_seconds, hosts)
