"""The work: one episode at a time, each written to `silver.transcripts` before the next one begins."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lakehouse import tables
from lakehouse.lake import Lakehouse
from lakehouse.rows import few_rows
from lakehouse.task import task
from silver.transcripts.attempt import Episode, Result, attempt, retry_at
from silver.transcripts.due import DONE, FAILED, NO_SPEECH_MODEL, due
from silver.transcripts.speech import Deaf, speech_of

if TYPE_CHECKING:
    from silver.transcripts.speech import Speech

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Done:
    """An episode whose row is written, and the seconds that it took."""

    episode: Episode
    result: Result
    seconds: float


@task
def transcribe(lake: Lakehouse) -> None:
    """Write down what new episodes say, and try again what failed before, as much as the settings allow."""
    for done in work_off(lake):
        log.info("%s: %s in %.1f s", done.episode.episode_id, done.result.status, done.seconds)


def work_off(
    lake: Lakehouse,
    *,
    speech: Speech | None = None,
    limit: int | None = None,
    minutes: float | None = None,
    again: Collection[str] = (),
    clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    on_start: Callable[[Episode, int], None] | None = None,
) -> Iterator[Done]:
    """Work on the episodes that are due and yield each one when its row is written.

    Killed anywhere, the next run repeats at most the episode that was being worked on.

    Parameters
    ----------
    speech : Speech, optional
        What writes down audio; without it, what the settings say.
    limit, minutes : optional
        Episodes at most, and the time after which none begins; without them, as the settings say.
    again : collection of str
        Statuses that are tried again whatever they wait for, see `due`.
    clock : callable
        The present time, with time zone.
    on_start : callable, optional
        Called with each episode that begins and the number of those left, this one included.
    """
    speech = speech or speech_of(lake.settings)
    started = clock()
    until = started + dt.timedelta(minutes=minutes or lake.settings.transcribe_minutes)
    if not isinstance(speech, Deaf):
        again = {NO_SPEECH_MODEL, *again}
    chosen = due(lake.read(tables.episodes), lake.read(tables.transcripts), started, again)
    rows = chosen.limit(limit or lake.settings.transcribe_limit).collect()  # at most the limit
    episodes = [Episode(**row.asDict()) for row in rows]
    for number, episode in enumerate(episodes):
        left = len(episodes) - number
        if clock() >= until:
            log.info("The time is over; %d episodes wait for the next run.", left)
            return
        if on_start:
            on_start(episode, left)
        began = time.monotonic()
        result = attempt(episode, lake.settings, speech)
        _write(lake, episode, result, clock())
        yield Done(episode, result, time.monotonic() - began)


def _write(lake: Lakehouse, episode: Episode, result: Result, now: dt.datetime) -> None:
    text, language, source = result.text, result.language, result.source
    if result.status != DONE and episode.has_text:
        text, language, source = _kept(lake, episode)
    row = (
        episode.episode_id,
        text,
        language,
        source,
        result.status,
        result.retry_count,
        retry_at(now, result.retry_count) if result.status == FAILED else None,
        result.error,
        episode.transcript_url,
        episode.audio_url,
        now,
    )
    lake.upsert(tables.transcripts, few_rows(lake.spark, [row], tables.transcripts.schema))


def _kept(lake: Lakehouse, episode: Episode) -> tuple[str | None, str | None, str | None]:
    """The text of an earlier attempt: what took an hour to write down is not lost because an address moved."""
    key = few_rows(lake.spark, [(episode.episode_id,)], "episode_id string")
    row = lake.read(tables.transcripts, among=key).first()
    return (row["text"], row["language"], row["source"]) if row else (None, None, None)
