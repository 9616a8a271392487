"""The tasks that simulate a week more of behaviour, for a workspace that nobody sends any."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from lakehouse.lake import Lakehouse
from lakehouse.task import task
from producers.simulator import clicks, listening
from producers.simulator.purchases import History, write_purchases
from producers.simulator.simulation import simulate

if TYPE_CHECKING:
    from collections.abc import Callable

    from producers.simulator.simulation import Run

log = logging.getLogger(__name__)

WEEKS = "weeks"
SHOP_WEEKS = 12
"""What the shop has behind it at first: eleven weekly looks at who churned, the newest two of which judge."""
PURCHASES_OF_EACH = 5
"""Purchases that a shopper has behind them on average."""


@task
def simulate_listening(lake: Lakehouse, seed: int = 42, events: int = 50_000, users: int = 1_000) -> None:
    """Simulate the week of listening that follows the last one, episodes first; killed, the next run does it again."""
    _go_on(lake, f"listening {seed}", lambda run: listening.Simulation(seed=seed, run=run, events=events, users=users))


@task
def simulate_shopping(lake: Lakehouse, seed: int = 42, events: int = 4_000, users: int = 250) -> None:
    """Simulate the week of shopping that follows the last one, and at first twelve and what was bought before them.

    Parameters
    ----------
    events : int
        Clicks of a week.
    """
    history = History(seed=seed, rows=PURCHASES_OF_EACH * users, users=users)
    write_purchases(history, lake.settings.incoming_purchases / f"simulated-{seed}-{users}.parquet")
    _go_on(
        lake,
        f"shopping {seed}",
        lambda run: clicks.Simulation(seed=seed, run=run, events=events, users=users),
        at_first=SHOP_WEEKS,
    )


def _go_on(lake: Lakehouse, what: str, of_run: Callable[[int], Run[Any]], *, at_first: int = 1) -> None:
    consumer = f"simulate {what}"
    done = lake.progress.of(consumer).get(WEEKS, 0)
    weeks = of_run(done).weeks(1 if done else at_first)
    counts = simulate(lake.settings, *weeks)
    lake.progress.commit(consumer, {WEEKS: done + len(weeks)})
    log.info("%s: %d records of %d weeks, to %s", what, counts.delivered, len(weeks), ", ".join(sorted(counts.topics)))
