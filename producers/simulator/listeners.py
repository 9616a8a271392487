"""The simulated listeners: people, and what they listen on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from producers.simulator.chance import pick
from producers.simulator.people import PEOPLE_STREAM, People, habits, tastes
from producers.simulator.vocabulary import TOPICS

if TYPE_CHECKING:
    from numpy.typing import NDArray

DEVICES = ("ios", "android", "web", "smart-speaker", "car")
DEVICE_SHARES = (0.35, 0.35, 0.15, 0.1, 0.05)


@dataclass(frozen=True)
class Listeners(People):
    """People with tastes over `TOPICS`.

    Attributes
    ----------
    device : array (users, 2)
        Numbers of the main and of the second device, see `DEVICES`.
    """

    device: NDArray[np.int64]


def listeners(seed: int, users: int) -> Listeners:
    """Invent `users` listeners; more of them leave the first ones as they were."""
    taste, device = (np.random.default_rng([seed, PEOPLE_STREAM, number]) for number in (0, 2))
    return Listeners(
        tastes=tastes(taste, users, len(TOPICS)),
        **habits(seed, users)._asdict(),
        device=pick(np.cumsum(DEVICE_SHARES), device.random((users, 2))),
    )
