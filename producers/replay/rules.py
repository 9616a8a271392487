"""Rules: what silver will not take, as SQL over the rows of a recording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lakehouse.events import CLICK_EVENTS, HIGHEST_AMOUNT, LISTENING_EVENTS, LONGEST_PAUSE_SECONDS
from producers.replay.database import literal
from producers.replay.vocabulary import LEFT_OUT
from producers.shapes import LISTENING, EventShape

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from producers.replay.rows import Understanding
    from producers.replay.said import Said

CLOCK_MS = 3_600_000
"""How far after the time of sending an event may be, for silver."""

NO_TIME = "a time that is not understood"
EARLY, LATE = "a time before 1970", "a time that is still to come"
UNKNOWN_EVENT = "an event that is not understood"
NO_RATING, BEYOND_SCALE = "`rate` without a number as rating", "a rating outside of its scale"
NO_SECONDS, ABSURD_SECONDS = "`pause` without a number of seconds", "`pause` of no possible length"
NO_NUMBER, ABSURD_AMOUNT = "a price that is no number", "a price that cannot be"
LEFT = "left out by `--map-event`"


def known_events(shape: EventShape) -> tuple[str, ...]:
    """The events of a shape that silver knows."""
    return LISTENING_EVENTS if shape is LISTENING else CLICK_EVENTS


@dataclass(frozen=True)
class Rules:
    """The rules of `silver.listening.events` and `silver.shop.clicks`.

    Attributes
    ----------
    called : collection of str
        What the recording calls its events.
    now_ms : int
        When the rows will be sent, in milliseconds since 1970.
    """

    understood: Understanding
    called: Collection[str]
    now_ms: int

    def checks(self, said: Said) -> Iterator[tuple[str, str]]:
        """Yield what may be wrong, and SQL of when it is, in the order in which it counts."""
        shape = said.mapped.shape
        event = said.of(shape.event)
        yield LEFT, f"{event} IN {self._called(LEFT_OUT)}"
        for name in shape.ids:
            if name not in shape.alternatives:
                yield f"no {name}", _is_no_id(said.of(name))
        if shape.alternatives:
            nobody = " AND ".join(_is_no_id(said.of(name)) for name in shape.alternatives)
            yield f"no {' and no '.join(shape.alternatives)}", nobody
        yield NO_TIME, "ms IS NULL"
        yield EARLY, "ms < 0"
        yield LATE, f"ms > {self.now_ms + CLOCK_MS}"
        yield f"no {shape.event}", f"trim(coalesce({event}, '')) = ''"
        yield UNKNOWN_EVENT, f"{event} NOT IN {self._called(*known_events(shape))}"
        if shape is LISTENING:
            rated, rating = f"{event} IN {self._called('rate')}", f"number_in({said.of('rating')})"
            paused, seconds = f"{event} IN {self._called('pause')}", f"number_in({said.of('listened_seconds')})"
            scale = self.understood.scale
            yield NO_RATING, f"{rated} AND {rating} IS NULL"
            yield BEYOND_SCALE, f"{rated} AND {rating} NOT BETWEEN {scale.low} AND {scale.high}"
            yield NO_SECONDS, f"{paused} AND {seconds} IS NULL"
            yield ABSURD_SECONDS, f"{paused} AND {seconds} NOT BETWEEN 0 AND {LONGEST_PAUSE_SECONDS}"
        else:
            price = said.of("price")
            yield NO_NUMBER, f"{price} <> '' AND number_in({price}) IS NULL"
            yield ABSURD_AMOUNT, f"number_in({price}) NOT BETWEEN 0 AND {HIGHEST_AMOUNT}"

    def _called(self, *ours: str) -> str:
        """SQL of what the recording calls our events."""
        called = [event for event in self.called if self.understood.ours(event) in ours]
        return f"({', '.join(map(literal, called)) or 'NULL'})"


def _is_no_id(value: str) -> str:
    return f"({value} IS NULL OR id_in({value}) IS NULL)"
