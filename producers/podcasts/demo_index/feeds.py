"""What the demo's index knows: the shows and episodes of the simulated catalogue, and some in other languages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from producers.podcasts.demo_index.transcripts import FORMATS, Format, spoken
from producers.podcasts.demo_index.words import CLOSING, DESCRIPTIONS, OPENING, SENTENCES, TONGUES, Tongue
from producers.simulator.catalogue import Show, catalogue, shows
from producers.simulator.vocabulary import WORDS
from producers.simulator.weeks import start_of

if TYPE_CHECKING:
    from collections.abc import Iterator

FIRST_FOREIGN_EPISODE = 90_001
"""Number of the first episode that no simulated listener hears; the catalogue stays below."""
SENTENCES_PER_EPISODE = 24
FOREIGN_EVERY = 6
"""One show in so many of those that trend is in another language, until there are no more."""

_UNDECLARED_EVERY = 5
_UPPER_CASE_EVERY = 3
_NO_TRANSCRIPT_EVERY = 7
_TRANSCRIPT_URL_ONLY_EVERY = 4


@dataclass(frozen=True)
class DemoEpisode:
    """An episode of the demo; its number is its `id` in the index, and `ep-<number>` its id in listening events."""

    number: int
    feed: DemoFeed
    title: str
    description: str
    duration: int
    published: int
    opening: str
    closing: str
    sentences: tuple[str, ...]
    words: tuple[str, ...]

    @property
    def format(self) -> Format:
        """The format of its transcript."""
        return FORMATS[self.number % len(FORMATS)]

    @property
    def transcript(self) -> str:
        """What is said in it, in its format."""
        opening, closing = (
            text.format(show=self.feed.title, title=self.title) for text in (self.opening, self.closing)
        )
        said = spoken(self.sentences, self.words, SENTENCES_PER_EPISODE, seed=f"{self.number}/{self.title}")
        return self.format.write([opening, self.description, *said, closing])

    def as_item(self, media_url: str) -> dict[str, Any]:
        """Describe it as `episodes/byfeedid` does; audio and transcript lie below `media_url`."""
        transcript = {
            "url": f"{media_url}/transcripts/{self.number}.{self.format.extension}",
            "type": self.format.content_type,
        }
        declared = self.number % _NO_TRANSCRIPT_EVERY != 0
        listed = declared and self.number % _TRANSCRIPT_URL_ONLY_EVERY != 0
        return {
            "id": self.number,
            "title": self.title,
            "description": self.description,
            "guid": f"demo-{self.number}",
            "datePublished": self.published,
            "enclosureUrl": f"{media_url}/audio/{self.number}.wav",
            "enclosureType": "audio/wav",
            "duration": self.duration,
            "feedId": self.feed.number,
            "feedLanguage": self.feed.language,
            "transcriptUrl": transcript["url"] if declared else None,
            **({"transcripts": [transcript]} if listed else {}),
        }


@dataclass(frozen=True)
class DemoFeed:
    """A show of the demo; its number is its `id` in the index."""

    number: int
    title: str
    description: str
    author: str
    language: str
    categories: tuple[str, ...]

    def as_feed(self, trend: int) -> dict[str, Any]:
        """Describe it as `podcasts/trending` does."""
        return {
            "id": self.number,
            "title": self.title,
            "description": self.description,
            "author": self.author,
            "trendScore": trend,
            "language": self.language,
            "categories": {str(number): name for number, name in enumerate(self.categories, 1)},
        }


@dataclass(frozen=True)
class Contents:
    """Everything in the demo's index: feeds, the most trending first, and episodes by number."""

    feeds: tuple[DemoFeed, ...]
    episodes: dict[int, DemoEpisode]

    def newest(self, feed: int, limit: int) -> list[DemoEpisode]:
        """Find the newest episodes of a feed, the newest first."""
        own = [episode for episode in self.episodes.values() if episode.feed.number == feed]
        return sorted(own, key=lambda episode: -episode.published)[:limit]


def contents(seed: int, run: int) -> Contents:
    """Fill the index with the shows of a seed, as they are in `run`, and with their episodes."""
    current = catalogue(seed, run)
    own = [_feed(number, show) for number, show in enumerate(shows(seed), 1)]
    episodes = list(_episodes(seed, run, own))
    foreign = list(_foreign(len(own) + 1, int(start_of(run).timestamp())))
    popularity = np.bincount(current.show, weights=current.popularity, minlength=len(own))
    others = (episode.feed for episode in foreign)
    trending: list[DemoFeed] = []
    for place, number in enumerate(np.argsort(-popularity, kind="stable"), 1):
        trending.append(own[number])
        if place % (FOREIGN_EVERY - 1) == 0:
            trending += islice(others, 1)
    trending += others
    return Contents(tuple(trending), {episode.number: episode for episode in [*episodes, *foreign]})


def _feed(number: int, show: Show) -> DemoFeed:
    declared = show.language.upper() if number % _UPPER_CASE_EVERY == 0 else show.language
    host = show.author.removesuffix(f", {show.title}")
    return DemoFeed(
        number=number,
        title=show.title,
        description=DESCRIPTIONS[number % len(DESCRIPTIONS)].format(host=host, topic=show.topic.lower()),
        author=show.author,
        language="" if number % _UNDECLARED_EVERY == 0 else declared,
        categories=(show.topic,),
    )


def _episodes(seed: int, run: int, feeds: list[DemoFeed]) -> Iterator[DemoEpisode]:
    for number in range(run + 1):
        batch = catalogue(seed, number)
        for position, fields in enumerate(batch.new_episodes(), batch.first_new):
            main, second = fields["categories"]
            yield DemoEpisode(
                number=position + 1,
                feed=feeds[batch.show[position]],
                title=fields["title"],
                description=fields["description"],
                duration=fields["duration"],
                published=int(datetime.fromisoformat(fields["published_at"]).timestamp()),
                opening=OPENING[position % len(OPENING)],
                closing=CLOSING[position % len(CLOSING)],
                sentences=SENTENCES,
                # What title and description mention comes up more often than the rest of the topic.
                words=(*WORDS[main], *_mentioned(main, fields), *_mentioned(second, fields)),
            )


def _mentioned(topic: str, fields: dict[str, Any]) -> tuple[str, ...]:
    text = f"{fields['title']} {fields['description']}".lower()
    return tuple(word for word in WORDS[topic] if word.lower() in text) * 2


def _foreign(first_feed: int, latest: int) -> Iterator[DemoEpisode]:
    placed = ((tongue, place) for place in range(len(TONGUES[0].shows)) for tongue in TONGUES)
    for number, (tongue, place) in enumerate(placed):
        yield _foreign_episode(tongue, place, first_feed + number, FIRST_FOREIGN_EPISODE + number, latest)


def _foreign_episode(tongue: Tongue, place: int, feed: int, number: int, latest: int) -> DemoEpisode:
    title, description, newest = tongue.shows[place]
    return DemoEpisode(
        number=number,
        feed=DemoFeed(feed, title, description, title, tongue.declared[place], ()),
        title=newest,
        description=description,
        duration=1800,
        published=latest - number % 100 * 3600,
        opening=tongue.opening,
        closing=tongue.closing,
        sentences=tongue.sentences,
        words=tongue.words,
    )
