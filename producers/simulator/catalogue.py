"""The simulated catalogue: shows, their episodes, and how popular each one is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from lakehouse.kafka import EPISODE_METADATA
from producers.record import Record
from producers.simulator.vocabulary import DESCRIPTIONS, SHOWS, TITLES, TOPICS, WORDS
from producers.simulator.weeks import RUN, start_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faker import Faker
    from numpy.typing import NDArray

FIRST_EPISODES = 500
NEW_EPISODES = 50
NUM_SHOWS = 60
ZIPF_EXPONENT = 0.8
NEW_EPISODE_BOOST = 3.0
BACK_CATALOGUE_DAYS = 730

# Streams of random numbers that do not disturb each other.
_SHOWS_STREAM, _EPISODES_STREAM = 1, 2


@dataclass(frozen=True)
class Catalogue:
    """All episodes that exist in a run; episode number `i` (from 0) has the id `ep-<i + 1>`.

    Attributes
    ----------
    topics : array (episodes, topics)
        How much of each topic an episode has; rows sum to 1.
    popularity : array (episodes,)
        Relative chance of being picked: Zipf-like, fresh episodes above it.
    quality : array (episodes,)
        What every listener agrees on, in units of affinity, around 0.
    duration : array (episodes,)
        Seconds.
    published : array (episodes,)
        Milliseconds since 1970.
    first_new : int
        Number of the first episode that is new in this run.
    """

    seed: int
    run: int
    show: NDArray[np.int64]
    topics: NDArray[np.float64]
    popularity: NDArray[np.float64]
    quality: NDArray[np.float64]
    duration: NDArray[np.int64]
    published: NDArray[np.int64]
    first_new: int

    def __len__(self) -> int:
        return len(self.popularity)

    @cached_property
    def main_topic(self) -> NDArray[np.int64]:
        """The number of each episode's strongest topic."""
        strongest: NDArray[np.int64] = self.topics.argmax(axis=1)
        return strongest

    def new_records(self) -> Iterator[Record]:
        """Describe the episodes that are new in this run, as records of the topic `episode-metadata`."""
        for number, fields in enumerate(self.new_episodes(), self.first_new):
            yield Record(EPISODE_METADATA.name, episode_id(number), json.dumps(fields).encode(), "episode")

    def new_episodes(self) -> Iterator[dict[str, Any]]:
        """Describe the episodes that are new in this run, by the fields of `episode-metadata`."""
        described = shows(self.seed)
        faker = _faker(self.seed, _EPISODES_STREAM, self.run)
        for number in range(self.first_new, len(self)):
            yield self._describe(number, described[self.show[number]], faker)

    def _describe(self, number: int, show: Show, faker: Faker) -> dict[str, Any]:
        main, second = np.argsort(-self.topics[number])[:2]
        about = faker.random.sample(WORDS[TOPICS[main]], 2) + faker.random.sample(WORDS[TOPICS[second]], 1)
        title = faker.random.choice(TITLES).format(*about, name=faker.name())
        description = " ".join(
            [faker.random.choice(DESCRIPTIONS).format(*about, name=faker.name()), f"A show by {show.author}."]
        )
        return {
            "episode_id": episode_id(number),
            "title": title[0].upper() + title[1:],
            "author": show.author,
            "description": description,
            "audio_url": f"https://audio.example.com/{show.feed_id}/{episode_id(number)}.mp3",
            "feed_id": show.feed_id,
            "language": show.language,
            "categories": [TOPICS[main], TOPICS[second]],
            "duration": int(self.duration[number]),
            "published_at": _iso(self.published[number]),
        }


def catalogue(seed: int, run: int) -> Catalogue:
    """Build the catalogue as it is in `run`: what earlier runs had, unchanged, and the new episodes."""
    batches = [_batch(seed, number) for number in range(run + 1)]
    popularity = np.concatenate([batch.popularity for batch in batches])
    first_new = len(popularity) - len(batches[-1].popularity)
    if run > 0:
        popularity[first_new:] *= NEW_EPISODE_BOOST
    return Catalogue(
        seed=seed,
        run=run,
        show=np.concatenate([batch.show for batch in batches]),
        topics=np.concatenate([batch.topics for batch in batches]),
        popularity=popularity / popularity.sum(),
        quality=np.concatenate([batch.quality for batch in batches]),
        duration=np.concatenate([batch.duration for batch in batches]),
        published=np.concatenate([batch.published for batch in batches]),
        first_new=first_new,
    )


@dataclass(frozen=True)
class Show:
    """A podcast of the catalogue.

    Attributes
    ----------
    author : str
        Its host and its title.
    """

    feed_id: str
    title: str
    author: str
    topic: str
    language: str


def shows(seed: int) -> list[Show]:
    """Describe the shows of a seed, the same in every run; show number `i` (from 0) has the id `feed-<i + 1>`."""
    faker = _faker(seed, _SHOWS_STREAM, 0)
    described = []
    for number, topic in enumerate(_show_topics(seed)):
        title = faker.random.choice(SHOWS).format(topic=TOPICS[topic], name=faker.first_name())
        language = faker.random.choice(("en", "en-us", "en-gb"))
        author = f"{faker.name()}, {title}"
        described.append(Show(f"feed-{number + 1:04d}", title, author, TOPICS[topic], language))
    return described


def episode_id(number: int) -> str:
    """Name the episode of this number, counted from 0.

    Examples
    --------
    >>> episode_id(0)
    'ep-00001'
    """
    return f"ep-{number + 1:05d}"


@dataclass(frozen=True)
class _Batch:
    show: NDArray[np.int64]
    topics: NDArray[np.float64]
    popularity: NDArray[np.float64]
    quality: NDArray[np.float64]
    duration: NDArray[np.int64]
    published: NDArray[np.int64]


def _batch(seed: int, run: int) -> _Batch:
    random = np.random.default_rng([seed, _EPISODES_STREAM, run])
    size = NEW_EPISODES if run else FIRST_EPISODES
    show = random.integers(NUM_SHOWS, size=size)
    main = _show_topics(seed)[show]
    spread = random.dirichlet(np.full(len(TOPICS), 0.3), size)
    topics = 0.75 * np.eye(len(TOPICS))[main] + 0.25 * spread
    # A new batch takes ranks among the first one, so that the tail keeps its shape.
    rank = random.choice(FIRST_EPISODES, size, replace=False) + 1
    # New episodes are out before the run begins, so nobody hears one before it was published.
    oldest = RUN if run else timedelta(days=BACK_CATALOGUE_DAYS)
    age_ms = random.integers(1, int(oldest.total_seconds()), size=size) * 1000
    return _Batch(
        show=show,
        topics=topics,
        popularity=rank.astype(float) ** -ZIPF_EXPONENT,
        quality=random.normal(0, 0.08, size),
        duration=np.clip(random.lognormal(np.log(1800), 0.5, size), 300, 7200).astype(np.int64),
        published=int(start_of(run).timestamp() * 1000) - age_ms,
    )


def _show_topics(seed: int) -> NDArray[np.int64]:
    # Every topic has its shows, in an order that the seed decides.
    return np.random.default_rng([seed, _SHOWS_STREAM]).permutation(np.arange(NUM_SHOWS) % len(TOPICS))


def _faker(*seed: int) -> Faker:
    from faker import Faker

    faker = Faker("en_US")
    faker.seed_instance("/".join(map(str, seed)))
    return faker


def _iso(milliseconds: int) -> str:
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
