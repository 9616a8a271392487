"""The items of the simulated shop: categories, prices, what goes with what, and what is popular in a week."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from producers.simulator.chance import Shelves

if TYPE_CHECKING:
    from numpy.typing import NDArray

CATEGORIES = 20
COMPLEMENTS = 3
ZIPF_EXPONENT = 0.8
TRENDING_SHARE = 0.03
"""Share of the items that trend in a week."""
TRENDING_BOOST = 8.0
LOW_PRICE, HIGH_PRICE = 10.0, 500.0
"""In dollars."""

_STREAM, _TRENDS_STREAM = 40, 41


@dataclass(frozen=True)
class Items:
    """The items of a simulation, the same in every run; number `i` (from 0) has the id `item-<i + 1>`.

    Attributes
    ----------
    category : array (items,)
        Number of each item's category, below `CATEGORIES`.
    popularity : array (items,)
        Relative chance of being looked at: Zipf-like, sums to 1.
    price : array (items,)
        In dollars and cents.
    complements : array (items, COMPLEMENTS)
        Numbers of the items that go with each one, the best first.
    """

    category: NDArray[np.int64]
    popularity: NDArray[np.float64]
    price: NDArray[np.float64]
    complements: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.price)

    def shelves(self, popularity: NDArray[np.float64] | None = None) -> Shelves:
        """Put the items into their categories, with another popularity if one is given."""
        return Shelves(self.category, self.popularity if popularity is None else popularity, CATEGORIES)


def items(seed: int, size: int, low: float = LOW_PRICE, high: float = HIGH_PRICE) -> Items:
    """Invent `size` items with log-normal prices within `low` and `high`; more of them leave those as they were."""
    # One stream of random numbers per property, as for people.
    streams = [np.random.default_rng([seed, _STREAM, number]) for number in range(5)]
    category = streams[0].integers(CATEGORIES, size=size)
    weight = (streams[1].permutation(size) + 1.0) ** -ZIPF_EXPONENT
    level = np.clip(streams[2].normal(0.4, 0.2, size), 0, 1)
    popularity = weight / weight.sum()
    # What goes with a category is another one: phones and cases, not phones and phones.
    circle = streams[3].permutation(CATEGORIES)
    goes_with = np.empty_like(circle)
    goes_with[circle] = np.roll(circle, 1)
    wanted = np.repeat(goes_with[category], COMPLEMENTS)
    return Items(
        category=category,
        popularity=popularity,
        price=np.clip(np.round(low * (high / low) ** level, 2), low, high),
        complements=Shelves(category, popularity, CATEGORIES).of(wanted, streams[4]).reshape(size, COMPLEMENTS),
    )


def popularity_in(run: int, seed: int, known: Items) -> NDArray[np.float64]:
    """Tell how popular each item is in the week `run`, when some of them trend; the sum is 1."""
    random = np.random.default_rng([seed, _TRENDS_STREAM, run])
    trending = random.choice(len(known), max(1, round(TRENDING_SHARE * len(known))), replace=False)
    weight = known.popularity.copy()
    weight[trending] *= TRENDING_BOOST
    popularity: NDArray[np.float64] = weight / weight.sum()
    return popularity


def item_id(number: int) -> str:
    """Name the item of this number, counted from 0.

    Examples
    --------
    >>> item_id(0)
    'item-00001'
    """
    return f"item-{number + 1:05d}"
