"""One simulated day at the shop: sessions of items looked at, and what the shopper does with each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lakehouse.events import CLICK_EVENTS
from producers.simulator import weeks
from producers.simulator.days import Day, in_turn
from producers.simulator.items import COMPLEMENTS, popularity_in
from producers.simulator.visits import apart

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from producers.simulator.items import Items
    from producers.simulator.leaving import Leaving
    from producers.simulator.people import People

VIEW, CLICK, CART, PURCHASE = range(len(CLICK_EVENTS))

SESSION_EVENTS = 7.0
"""About how many events a session has."""
MAX_LOOKS = 20
MOST_AGAIN = 3
"""How often the same is done at most with one look at an item, as long as there are views."""
PURPOSES = 3
"""Categories that a session is about; the same one may be there twice."""
COMPLEMENT_SHARE, ALIKE_SHARE, PURPOSE_SHARE = 0.3, 0.4, 0.2
"""What the next item is: what goes with this one, another of its category, one of the session's purpose; else any."""
COMPLEMENT_ORDER = (0.6, 0.3, 0.1)
NOVELTY_TRIES = 3
GAP_SECONDS, GAP_SIGMA = 30.0, 0.9
"""Median and sigma of the log-normal time between two events of a session."""
LONGEST_GAP_SECONDS = 600.0
INTENT_SIGMA = 1.5
"""Of a log-normal: some sessions are to buy, most to look around."""
PRICE_REACTION = -0.3
"""Exponent of the price in the wish to buy."""


@dataclass(frozen=True)
class ShoppingDay(Day):
    """The click events of a day.

    Attributes
    ----------
    session : array
        Number of the session, counted through the run.
    user, item, event : array
        Numbers of the shopper, the item and of `CLICK_EVENTS`.
    """

    session: NDArray[np.int64]
    user: NDArray[np.int64]
    item: NDArray[np.int64]
    event: NDArray[np.int64]


class Shopping:
    """Shoppers at the shop, day after day of one week.

    Parameters
    ----------
    counts : array (4,)
        Events of each kind in the whole week, by `EVENTS`; the days share them out.
    """

    def __init__(
        self, shoppers: People, leaving: Leaving, items: Items, seed: int, run: int, counts: NDArray[np.int64]
    ) -> None:
        self._shoppers = shoppers
        self._leaving = leaving
        self._run = run
        self._items = items
        self._shelves = items.shelves(popularity_in(run, seed, items))
        self._left = counts
        self._sessions = 0

    def day(self, number: int, random: Generator, events: int) -> ShoppingDay:
        """Simulate a day of exactly `events` events (at least 1), all between midnight and midnight."""
        counts = random.multivariate_hypergeometric(self._left, events, method="marginals")
        self._left = self._left - counts
        looks = self._looks(random, counts, self._leaving.left(weeks.RUN.days * self._run + number))
        day = self._events(random, looks, _deeds(random, looks.liking, counts))
        self._sessions += len(looks.who)
        return day

    def _looks(self, random: Generator, counts: NDArray[np.int64], left: NDArray[np.float64]) -> _Looks:
        """Let shoppers look at as many items as the events need, session after session.

        Whoever is leaving comes less often and then buys less.
        """
        most = int(counts.max())
        size = max(int(counts[VIEW]), -(-most // MOST_AGAIN)) if counts[VIEW] else most
        mean = max(1.0, SESSION_EVENTS * size / counts.sum())
        per_session = np.minimum(random.geometric(1 / mean, size), MAX_LOOKS)
        sessions = int(np.searchsorted(np.cumsum(per_session), size)) + 1
        per_session = per_session[:sessions]
        per_session[-1] -= per_session.sum() - size

        who = self._shoppers.some(sessions, random, left)
        session = np.repeat(np.arange(sessions), per_session)
        item = self._walks(random, who, per_session)
        taste = self._shoppers.tastes[who[session], self._items.category[item]]
        intent = (random.lognormal(0, INTENT_SIGMA, sessions) * left[who])[session]
        return _Looks(
            who=who,
            session=session,
            item=item,
            liking=np.log(intent * (0.1 + taste) * self._items.price[item] ** PRICE_REACTION),
        )

    def _walks(self, random: Generator, who: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
        """Choose the items of each session, one after the other."""
        purposes = self._shoppers.wishes(np.repeat(who, PURPOSES), random).reshape(len(who), PURPOSES)
        seen = np.full((len(who), int(lengths.max())), -1)
        seen[:, 0] = self._shelves.of(purposes[:, 0], random)
        for position in range(1, seen.shape[1]):
            going = np.flatnonzero(lengths > position)
            for _ in range(NOVELTY_TRIES):
                found = self._next(random, seen[going, position - 1], purposes[going])
                seen[going, position] = found
                going = going[(seen[going, :position] == found[:, None]).any(axis=1)]
        walked: NDArray[np.int64] = seen[np.arange(seen.shape[1]) < lengths[:, None]]
        return walked

    def _next(self, random: Generator, item: NDArray[np.int64], purposes: NDArray[np.int64]) -> NDArray[np.int64]:
        size = len(item)
        which = random.choice(COMPLEMENTS, size, p=COMPLEMENT_ORDER)
        purpose = purposes[np.arange(size), random.integers(PURPOSES, size=size)]
        dice = random.random(size)
        limits = np.cumsum((COMPLEMENT_SHARE, ALIKE_SHARE, PURPOSE_SHARE))
        return np.select(
            [dice < limit for limit in limits],
            [
                self._items.complements[item, which],
                self._shelves.of(self._items.category[item], random),
                self._shelves.of(purpose, random),
            ],
            self._shelves.of_all(size, random),
        )

    def _events(self, random: Generator, looks: _Looks, deeds: NDArray[np.int64]) -> ShoppingDay:
        event = np.repeat(np.tile(np.arange(len(CLICK_EVENTS)), len(looks.item)), deeds.ravel())
        look = np.repeat(np.arange(len(looks.item)), deeds.sum(axis=1))
        # Who buys does so in the end, all that is bought together.
        order = np.lexsort((look, event == PURCHASE, looks.session[look]))
        event, look = event[order], look[order]
        session = looks.session[look]
        gap = np.minimum(random.lognormal(np.log(GAP_SECONDS), GAP_SIGMA, len(look)), LONGEST_GAP_SECONDS)
        duration = np.bincount(session, gap, len(looks.who)).astype(float)
        start = apart(looks.who, self._shoppers.starts(looks.who, random), duration, random)
        return ShoppingDay(
            seconds=in_turn(session, start, gap),
            session=self._sessions + session,
            user=looks.who[session],
            item=looks.item[look],
            event=event,
        ).in_order()


@dataclass(frozen=True)
class _Looks:
    """Items looked at, session after session; `who` has a row per session, the others one per look."""

    who: NDArray[np.int64]
    session: NDArray[np.int64]
    item: NDArray[np.int64]
    liking: NDArray[np.float64]


def _deeds(random: Generator, liking: NDArray[np.float64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Share out the events of each kind over the looks: array (looks, kinds) of how often each is done.

    Everybody does the same often enough; the rest goes to those who like the item most, give or take, but first to
    looks with a view and, for a purchase, with the item in the cart.
    """
    size = len(liking)
    done = np.zeros((size, len(CLICK_EVENTS)), np.int64)
    for kind, count in enumerate(counts):
        done[:, kind] = count // size
        wish = random.gumbel(size=size) + (liking if kind > VIEW else 0)
        before = (done[:, VIEW] > 0).astype(int) + ((kind == PURCHASE) & (done[:, CART] > 0))
        chosen = np.lexsort((-wish, -before))[: count % size]
        done[chosen, kind] += 1
    return done
