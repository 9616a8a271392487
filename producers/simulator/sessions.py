"""One simulated day of listening: sessions of plays, and the events that each play leaves behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lakehouse.events import HIGHEST_RATING, LISTENING_EVENTS, LOWEST_RATING
from producers.simulator.chance import Shelves
from producers.simulator.days import DAY_SECONDS, Day, in_turn

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from producers.simulator.catalogue import Catalogue
    from producers.simulator.listeners import Listeners

LIKE, PAUSE, SKIP, RATE, COMPLETE = range(len(LISTENING_EVENTS))

MAX_PLAYS = 8
NEXT_PLAY_CHANCE = 0.55
TASTE_SHARE = 0.75
"""Plays chosen by the listener's taste; the others follow what is popular overall."""
HALF_AFFINITY = 0.12
"""Agreement of taste and episode at which the affinity is one half."""
POOL_RUNS = 4
"""A listener comes across an episode in one run of so many, so that few are heard again a week later."""
POOL_TRIES = 8
REPEAT_CHANCE = 0.1
"""Chance that an episode that was completed before, or is outside the pool, is completed when it would be."""


@dataclass(frozen=True)
class ListeningDay(Day):
    """The listening events of a day.

    Attributes
    ----------
    user, episode, event, device : array
        Numbers of the listener, the episode, of `LISTENING_EVENTS` and of `producers.simulator.listeners.DEVICES`.
    measure : array
        `pause`: seconds listened so far; `rate`: a rating; else 0.
    """

    user: NDArray[np.int64]
    episode: NDArray[np.int64]
    event: NDArray[np.int64]
    device: NDArray[np.int64]
    measure: NDArray[np.float64]


class Listening:
    """Listeners at the catalogue, day after day; remembers within a run who has completed what."""

    def __init__(self, listeners: Listeners, catalogue: Catalogue) -> None:
        self._listeners = listeners
        self._catalogue = catalogue
        self._choice = _Choice(listeners, catalogue)
        self._completed: NDArray[np.int64] = np.empty(0, np.int64)

    def day(self, number: int, random: Generator, events: int) -> ListeningDay:
        """Simulate a day of exactly `events` events (at least 1), all between midnight and midnight."""
        plays = self._plays(random, events)
        day = self._events(random, plays, events)
        completed = day.event == COMPLETE
        self._completed = np.union1d(self._completed, self._pairs(day.user[completed], day.episode[completed]))
        return day

    def _plays(self, random: Generator, size: int) -> _Plays:
        # Each play leaves at least one event, so as many plays as events are always enough.
        per_session = np.minimum(random.geometric(1 - NEXT_PLAY_CHANCE, size), MAX_PLAYS)
        per_session = per_session[: np.searchsorted(np.cumsum(per_session), size) + 1]
        sessions = len(per_session)
        user = self._listeners.some(sessions, random)
        device = self._listeners.device[user, (random.random(sessions) < 0.2).astype(int)]
        start = self._listeners.starts(user, random)

        session = np.repeat(np.arange(sessions), per_session)
        user = user[session]
        episode = self._choice.episodes(random, user, self._completed)
        affinity = self._affinity(random, user, episode)
        unwanted = self._choice.unwanted(user, episode, self._completed)
        outcome = self._outcome(random, affinity, self._pairs(user, episode), unwanted)
        duration = self._catalogue.duration[episode].astype(float)
        heard = np.select(
            [outcome == COMPLETE, outcome == SKIP],
            [duration, np.minimum(random.uniform(5, 120, len(user)), 0.5 * duration)],
            random.uniform(0.1, 0.9, len(user)) * duration,
        )
        paused = (outcome == COMPLETE) & (random.random(len(user)) < 0.3)
        gap = np.where(paused, random.uniform(30, 600, len(user)), 0)
        elapsed = heard + gap + 5
        return _Plays(
            user=user,
            episode=episode,
            device=device[session],
            affinity=affinity,
            outcome=outcome,
            start=_starts(random, session, start, elapsed),
            heard=heard,
            paused=paused,
            gap=gap,
        )

    def _affinity(self, random: Generator, user: NDArray[np.int64], episode: NDArray[np.int64]) -> NDArray[np.float64]:
        agreement = np.einsum("ij,ij->i", self._listeners.tastes[user], self._catalogue.topics[episode])
        liking = agreement / (agreement + HALF_AFFINITY)
        mood = random.normal(0, 0.08, len(user))
        affinity: NDArray[np.float64] = np.clip(liking + self._catalogue.quality[episode] + mood, 0.02, 0.98)
        return affinity

    def _outcome(
        self, random: Generator, affinity: NDArray[np.float64], pairs: NDArray[np.int64], unwanted: NDArray[np.bool_]
    ) -> NDArray[np.int64]:
        completes = 0.85 * affinity**1.5
        skips = 0.8 * (1 - affinity)
        dice = random.random(len(affinity))
        outcome = np.select([dice < completes, dice < completes + skips], [COMPLETE, SKIP], PAUSE)

        first_of_day = np.zeros(len(pairs), bool)
        first_of_day[np.unique(pairs, return_index=True)[1]] = True
        again = ~first_of_day | unwanted
        bored = again & (outcome == COMPLETE) & (random.random(len(pairs)) >= REPEAT_CHANCE)
        return np.where(bored, PAUSE, outcome)

    def _events(self, random: Generator, plays: _Plays, size: int) -> ListeningDay:
        count = len(plays.user)
        ended = plays.start + plays.gap + plays.heard
        stopped = plays.outcome == PAUSE
        liked = random.random(count) < np.where(plays.outcome == COMPLETE, 0.4, 0.05 * stopped) * plays.affinity
        rated = (random.random(count) < 0.2) & ~stopped
        halves = np.round(2 * (0.7 + 4.3 * plays.affinity + random.normal(0, 0.5, count)))
        stars = np.clip(halves / 2, LOWEST_RATING, HIGHEST_RATING)
        paused_at = random.uniform(0.1, 0.9, count) * plays.heard
        none = np.zeros(count)
        # Slots of a play, in the order in which they happen: who leaves it, which event, when, and its measure.
        slots = [
            (plays.paused, np.full(count, PAUSE), plays.start + paused_at, paused_at.round()),
            (np.ones(count, bool), plays.outcome, ended, np.where(stopped, plays.heard.round(), 0)),
            (liked, np.full(count, LIKE), ended + random.uniform(0.5, 2, count), none),
            (rated, np.full(count, RATE), ended + random.uniform(2, 4.5, count), stars),
        ]
        play = np.concatenate([np.flatnonzero(happened) for happened, *_ in slots])
        slot = np.repeat(np.arange(len(slots)), [np.count_nonzero(happened) for happened, *_ in slots])
        kept = np.lexsort((slot, play))[:size]
        event, seconds, measure = (
            np.concatenate([columns[number][columns[0]] for columns in slots])[kept] for number in (1, 2, 3)
        )
        play = play[kept]
        return ListeningDay(
            seconds=seconds,
            user=plays.user[play],
            episode=plays.episode[play],
            event=event,
            device=plays.device[play],
            measure=measure,
        ).in_order()

    def _pairs(self, user: NDArray[np.int64], episode: NDArray[np.int64]) -> NDArray[np.int64]:
        return user * len(self._catalogue) + episode


@dataclass(frozen=True)
class _Plays:
    user: NDArray[np.int64]
    episode: NDArray[np.int64]
    device: NDArray[np.int64]
    affinity: NDArray[np.float64]
    outcome: NDArray[np.int64]
    start: NDArray[np.float64]
    heard: NDArray[np.float64]
    paused: NDArray[np.bool_]
    gap: NDArray[np.float64]


def _starts(
    random: Generator, session: NDArray[np.int64], start: NDArray[np.float64], elapsed: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Place plays one after the other; a session that would run past midnight begins earlier."""
    total = np.bincount(session, weights=elapsed, minlength=len(start))
    latest = DAY_SECONDS - total - random.uniform(5, 600, len(start))
    return in_turn(session, np.clip(start, 0, latest), elapsed)


class _Choice:
    """Which episode a listener plays next: by taste or by popularity, from this run's pool of the listener."""

    def __init__(self, listeners: Listeners, catalogue: Catalogue) -> None:
        self._listeners = listeners
        self._catalogue = catalogue
        self._shelves = Shelves(catalogue.main_topic, catalogue.popularity, listeners.tastes.shape[1])

    def episodes(self, random: Generator, user: NDArray[np.int64], completed: NDArray[np.int64]) -> NDArray[np.int64]:
        """Choose an episode for each play of `user`; after some tries one outside the pool will do."""
        chosen = self._draw(random, user)
        for _ in range(POOL_TRIES):
            again = np.flatnonzero(self.unwanted(user, chosen, completed))
            chosen[again] = self._draw(random, user[again])
        return chosen

    def unwanted(
        self, user: NDArray[np.int64], episode: NDArray[np.int64], completed: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Tell which plays are of an episode that the listener has completed, or that is not in this run's pool."""
        pairs = user * len(self._catalogue) + episode
        turn = (_mixed(user, episode, self._catalogue.seed) + self._catalogue.run) % POOL_RUNS
        unwanted: NDArray[np.bool_] = np.isin(pairs, completed) | (turn != 0)
        return unwanted

    def _draw(self, random: Generator, user: NDArray[np.int64]) -> NDArray[np.int64]:
        by_taste = self._shelves.of(self._listeners.wishes(user, random), random)
        overall = self._shelves.of_all(len(user), random)
        return np.where(random.random(len(user)) < TASTE_SHARE, by_taste, overall)


def _mixed(user: NDArray[np.int64], episode: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Spread (user, episode) evenly over small numbers, the same in every run (splitmix64's finaliser)."""
    value = (user * 1_000_003 + episode * 7_919 + seed).astype(np.uint64)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((value ^ (value >> np.uint64(31))) >> np.uint64(1)).astype(np.int64) % 1_000_003
