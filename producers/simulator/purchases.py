"""A simulated history of purchases as one Parquet file: what the shoppers of a seed bought before the clickstream."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np

from lakehouse.errors import TaskParameterError
from lakehouse.events import HIGHEST_AMOUNT
from producers.simulator.items import HIGH_PRICE, LOW_PRICE, item_id, items
from producers.simulator.people import user_id
from producers.simulator.shoppers import shoppers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

PRICE_DRIFT = 0.1
"""What was paid lies within this share of today's price."""

_STREAM = 43
_WRITE = """
    COPY (SELECT user_id, item_id, purchase_amount, purchase_date::DATE AS purchase_date FROM columns)
    TO $path (FORMAT parquet)
"""


@dataclass(frozen=True)
class History:
    """Purchases of the shoppers and items that the clickstream of the same seed has; same arguments, same rows.

    Attributes
    ----------
    low, high : float
        Range of the amounts, in dollars; rounded to cents.
    start, end : date
        First and last day of purchases.

    Raises
    ------
    TaskParameterError
        An argument is out of its range.

    Examples
    --------
    >>> bought = History(rows=3).bought()
    >>> bought.user.shape, bool((bought.amount >= 10).all())
    ((3,), True)
    """

    seed: int = 42
    rows: int = 500
    users: int = 100
    items: int = 500
    low: float = LOW_PRICE
    high: float = HIGH_PRICE
    start: date = date(2023, 1, 1)
    end: date = date(2023, 12, 31)

    def __post_init__(self) -> None:
        if self.seed < 0 or min(self.rows, self.users, self.items) < 1:
            raise TaskParameterError(f"{self} is impossible: seed from 0 on; rows, users and items from 1 on.")
        if not 0.01 <= self.low <= self.high <= HIGHEST_AMOUNT:
            raise TaskParameterError(
                f"Amounts from {self.low} to {self.high} dollars are impossible. "
                f"Give a lowest one of at least 0.01 and a highest one from there up to {HIGHEST_AMOUNT:,.0f}."
            )
        if self.start > self.end:
            raise TaskParameterError(f"The first day {self.start} lies after the last day {self.end}. Swap them.")

    def bought(self) -> Bought:
        """Invent the purchases, by day."""
        random = np.random.default_rng([self.seed, _STREAM])
        people, known = shoppers(self.seed, self.users), items(self.seed, self.items, self.low, self.high)
        user = people.some(self.rows, random)
        item = known.shelves().of(people.wishes(user, random), random)
        paid = known.price[item] * random.uniform(1 - PRICE_DRIFT, 1 + PRICE_DRIFT, self.rows)
        day = np.sort(random.integers((self.end - self.start).days + 1, size=self.rows))
        return Bought(
            user=user,
            item=item,
            amount=np.clip(np.round(paid, 2), round(self.low, 2), round(self.high, 2)),
            day=np.datetime64(self.start, "D") + day,
        )


@dataclass(frozen=True)
class Bought:
    """Purchases, one array per column: numbers of shoppers and items, dollars and cents, and days."""

    user: NDArray[np.int64]
    item: NDArray[np.int64]
    amount: NDArray[np.float64]
    day: NDArray[np.datetime64]


def write_purchases(history: History, path: Path) -> Bought:
    """Write the purchases to `path`, whole or not at all, and return them.

    The file has the columns user_id string, item_id string, purchase_amount double (dollars, two decimals) and
    purchase_date date; the same history gives the same bytes.

    Raises
    ------
    TaskParameterError
        The file cannot be written there.
    """
    import duckdb

    bought = history.bought()
    columns = {
        "user_id": np.array([user_id(number) for number in bought.user.tolist()], dtype=object),
        "item_id": np.array([item_id(number) for number in bought.item.tolist()], dtype=object),
        "purchase_amount": bought.amount,
        "purchase_date": bought.day.astype("datetime64[s]"),
    }
    with _appearing_whole(path) as unfinished, duckdb.connect() as database:
        database.register("columns", columns)
        database.execute(_WRITE, {"path": str(unfinished)})
    return bought


@contextmanager
def _appearing_whole(path: Path) -> Iterator[Path]:
    """Give a place for an unfinished file, hidden from whoever reads the folder, and move it to `path` in the end."""
    import duckdb

    unfinished = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield unfinished
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
    except (OSError, duckdb.Error) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error).split("\n", 1)[0]
        raise TaskParameterError(
            f"{path} cannot be written: {reason.removesuffix('.')}. Choose another file with `--output`."
        ) from None
