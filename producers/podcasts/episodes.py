"""New episodes: the newest one of each trending podcast, published to Kafka once."""

from __future__ import annotations

import json
import logging
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from lakehouse.errors import PodcastIndexError
from lakehouse.kafka import EPISODE_IDS, EPISODE_METADATA
from producers.podcasts.languages import Languages, language_of
from producers.record import Record

if TYPE_CHECKING:
    from collections.abc import Callable

    from lakehouse.settings import Settings
    from producers.podcasts.feeds import Episode, Feed
    from producers.podcasts.podcast_index import PodcastIndex
    from producers.publisher import Publisher

MOST_FAILURES_IN_A_ROW = 5
"""After so many the fault is the index's, not that of a feed."""

log = logging.getLogger(__name__)


class State(StrEnum):
    """What became of a feed."""

    NEW = "new"
    KNOWN = "already known"
    OTHER_LANGUAGE = "other language"
    FAILED = "failed"


@dataclass(frozen=True)
class Outcome:
    """What became of one feed, and why: the id of its newest episode, the other language, or the fault."""

    feed: Feed
    state: State
    detail: str


@dataclass
class Tally:
    """What became of all feeds.

    Examples
    --------
    >>> Tally(seen=3, by_state=Counter({State.NEW: 2, State.OTHER_LANGUAGE: 1})).kept
    2
    """

    seen: int = 0
    by_state: Counter[State] = field(default_factory=Counter)
    failures: list[Outcome] = field(default_factory=list)

    @property
    def kept(self) -> int:
        """Feeds in a language that is wanted."""
        return self.by_state.total() - self.by_state[State.OTHER_LANGUAGE]

    def count(self, outcome: Outcome) -> None:
        """Count one more feed."""
        self.by_state[outcome.state] += 1
        if outcome.state is State.FAILED:
            self.failures.append(outcome)


@dataclass(frozen=True)
class Naming:
    """How the numbers of an index become the ids of episodes and feeds.

    Numbers and not `guid`, which its publisher chooses: anybody could claim the id of another's episode.

    Examples
    --------
    >>> PODCAST_INDEX.episode.format(16795089), DEMO.episode.format(17), DEMO.feed.format(3)
    ('pi-16795089', 'ep-00017', 'feed-0003')
    """

    episode: str
    feed: str


PODCAST_INDEX = Naming("pi-{}", "pi-{}")
DEMO = Naming("ep-{:05d}", "feed-{:04d}")
"""As the simulated catalogue counts them."""


def fetch(
    settings: Settings,
    index: PodcastIndex,
    naming: Naming,
    on_feed: Callable[[Outcome, int], None] | None = None,
) -> Tally:
    """Publish the newest episode of each trending feed in a wanted language, unless it was published before.

    The record of `episode-metadata` is confirmed before the id goes to `episode-ids`, which is what the next run asks:
    killed in between, it publishes that one record again, which changes nothing.

    Parameters
    ----------
    settings : Settings
        How many feeds, which languages and categories: `podcast_index_...`.
    on_feed : callable, optional
        Called after each feed with its outcome and the number of all feeds.

    Returns
    -------
    Tally
        What became of the feeds; a feed that fails does not stop the others.

    Raises
    ------
    PodcastIndexError
        The list of feeds cannot be had, or every feed failed, or several in a row.
    SettingsError
        A language is none, or the index refused the key.
    ServiceError
        Kafka cannot be reached or did not take a record.
    """
    from lakehouse.kafka import client_config, ensure_topics
    from lakehouse.services import kafka_bootstrap
    from producers.podcasts.known_episodes import known_episodes
    from producers.publisher import Publisher

    languages = Languages.parse(settings.podcast_index_languages)
    listed = index.trending(settings.podcast_index_max_feeds, settings.podcast_index_categories)
    feeds = list({feed.id: feed for feed in listed}.values())[: settings.podcast_index_max_feeds]
    bootstrap = kafka_bootstrap(settings)
    ensure_topics(settings, bootstrap)
    tally = Tally(seen=len(feeds))
    with Publisher(client_config(settings, bootstrap)) as publisher:
        feeding = _Feeding(index, naming, languages, known_episodes(settings, bootstrap), publisher)
        for outcome in map(feeding.outcome, feeds):
            tally.count(outcome)
            if outcome.state is State.FAILED:
                log.warning("%s: %s", outcome.feed.title, outcome.detail)
            if on_feed:
                on_feed(outcome, len(feeds))
    if tally.failures and len(tally.failures) == tally.kept:
        raise PodcastIndexError(f"All {tally.kept} feeds failed. The first: {tally.failures[0].detail}")
    return tally


def metadata(episode: Episode, feed: Feed, language: str | None, naming: Naming) -> dict[str, object]:
    """Describe an episode by the fields of `episode-metadata`; what nobody said is null."""
    return {
        "episode_id": naming.episode.format(episode.id),
        "title": episode.title,
        "author": feed.author or feed.title or None,
        "description": episode.description or None,
        "audio_url": episode.audio_url,
        "transcript_url": episode.transcript_url(language),
        "feed_id": naming.feed.format(feed.id),
        "language": language,
        "categories": feed.categories,
        "duration": episode.duration,
        "published_at": episode.published_at,
    }


@dataclass
class _Feeding:
    """One run: asks for the newest episode of a feed and publishes it if it is new."""

    index: PodcastIndex
    naming: Naming
    languages: Languages
    known: set[str]
    publisher: Publisher
    failures_in_a_row: int = 0

    def outcome(self, feed: Feed) -> Outcome:
        language = language_of(feed)
        if not self.languages.include(language):
            return Outcome(feed, State.OTHER_LANGUAGE, language or "unknown")
        try:
            episode = self.index.newest_episode(feed.id)
        except PodcastIndexError as error:
            self.failures_in_a_row += 1
            if self.failures_in_a_row == MOST_FAILURES_IN_A_ROW:
                # What was published before stays, and is known to the next run.
                raise PodcastIndexError(f"{self.failures_in_a_row} feeds in a row failed. The last: {error}") from None
            return Outcome(feed, State.FAILED, str(error))
        self.failures_in_a_row = 0
        if episode is None or not episode.title:
            fault = "It has no episode." if episode is None else "Its newest episode has no title."
            return Outcome(feed, State.FAILED, fault)
        fields = metadata(episode, feed, language, self.naming)
        episode_id = str(fields["episode_id"])
        if episode_id in self.known:
            return Outcome(feed, State.KNOWN, episode_id)
        self._publish(episode_id, fields)
        return Outcome(feed, State.NEW, episode_id)

    def _publish(self, episode_id: str, fields: dict[str, object]) -> None:
        value = json.dumps(fields, ensure_ascii=False).encode()
        # Each call waits until the broker has confirmed.
        self.publisher.publish([Record(EPISODE_METADATA.name, episode_id, value, "episode")])
        self.publisher.publish([Record(EPISODE_IDS.name, episode_id, episode_id.encode(), "id")])
        self.known.add(episode_id)
