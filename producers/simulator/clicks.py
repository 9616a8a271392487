"""The clickstream simulator: seeded shopping sessions, week after simulated week."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lakehouse.errors import TaskParameterError
from lakehouse.events import CLICK_EVENTS
from lakehouse.kafka import CLICKSTREAM
from producers.shapes import CLICKS
from producers.simulator import items as shop
from producers.simulator.faults import Stream
from producers.simulator.leaving import Leaving, leaving
from producers.simulator.people import user_id
from producers.simulator.shoppers import shoppers
from producers.simulator.shopping import Shopping, ShoppingDay
from producers.simulator.simulation import Run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Simulation(Run[ShoppingDay]):
    """A week of shopping, see `Run`; the items and their prices are the same in every run of a seed.

    Attributes
    ----------
    views, clicks, carts, purchases : float
        Weights of the kinds of events. Each kind has its share of `events`, rounded. An item is viewed before anything
        else is done with it, as long as there are about a third as many views as events of each other kind.
    churners : float
        Share of shoppers who fade out and stop for good on a day of their own; see `truth`.

    Examples
    --------
    >>> simulation = Simulation(events=100, users=10)
    >>> sum(record.kind in ("event", "late event") for record in simulation.event_records())
    100
    """

    stream: ClassVar[Stream] = Stream(
        CLICKSTREAM.name, CLICKS, {"bad price": {"price": "12,50 EUR"}, "negative price": {"price": -9.99}}
    )

    items: int = 500
    views: float = 0.6
    clicks: float = 0.0
    carts: float = 0.3
    purchases: float = 0.1
    churners: float = 0.2

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.items < 1:
            raise TaskParameterError(f"{self} is impossible: items from 1 on.")
        if not 0 <= self.churners <= 1:
            raise TaskParameterError(f"{self} is impossible: churners are a share between 0 and 1.")
        if not all(0 <= weight < math.inf for weight in self._weights) or not 0 < sum(self._weights) < math.inf:
            raise TaskParameterError(
                f"{self} is impossible: views, clicks, carts and purchases are weights from 0 on, and not all are 0."
            )

    @property
    def counts(self) -> NDArray[np.int64]:
        """Events of each kind, by `CLICK_EVENTS`; their sum is `events`."""
        exact = self.events * np.array(self._weights) / sum(self._weights)
        counts = exact.astype(np.int64)
        counts[np.argsort(counts - exact, kind="stable")[: self.events - counts.sum()]] += 1
        return counts

    @property
    def truth(self) -> Leaving:
        """When each shopper stops for good: what is to be predicted, and is the same in every run of a seed."""
        return leaving(self.seed, self.users, self.churners)

    @property
    def _weights(self) -> tuple[float, ...]:
        return (self.views, self.clicks, self.carts, self.purchases)

    @cached_property
    def _items(self) -> shop.Items:
        return shop.items(self.seed, self.items)

    def _identity(self) -> str:
        return "/".join(map(str, ("clickstream", super()._identity(), self.items, self.churners, *self.counts)))

    def _behaviour(self) -> Shopping:
        return Shopping(shoppers(self.seed, self.users), self.truth, self._items, self.seed, self.run, self.counts)

    def _fields(self, day: ShoppingDay) -> Iterator[dict[str, Any]]:
        columns = (day.session, day.user, day.item, day.event, self._items.price[day.item])
        for session, user, item, event, price in zip(*(column.tolist() for column in columns), strict=True):
            yield {
                "session_id": f"{self._id_prefix}-s{session:06x}",
                "user_id": user_id(user),
                "item_id": shop.item_id(item),
                "event_type": CLICK_EVENTS[event],
                "price": price,
            }
