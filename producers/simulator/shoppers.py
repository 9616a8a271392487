"""The simulated shoppers: the people of the same seed, with tastes over the shop's categories."""

from __future__ import annotations

import numpy as np

from producers.simulator.items import CATEGORIES
from producers.simulator.people import People, habits, tastes

_STREAM = 42


def shoppers(seed: int, users: int) -> People:
    """Invent `users` shoppers; more of them leave the tastes of the first ones as they were."""
    taste = tastes(np.random.default_rng([seed, _STREAM]), users, CATEGORIES)
    return People(tastes=taste, **habits(seed, users)._asdict())
