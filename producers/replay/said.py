"""What the rows of a recording say, as SQL: the text of each field, wherever it is mapped from, and their times."""

from __future__ import annotations

from typing import TYPE_CHECKING

from producers.replay.database import literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from producers.replay.mapping import Mapped
    from producers.replay.times import Times
    from producers.shapes import EventShape


class Said:
    """SQL of what the rows say: `ts`, `later` (milliseconds after it) and each field of the mapping."""

    def __init__(self, mapped: Mapped[EventShape]) -> None:
        self.mapped = mapped
        found = (path for source in mapped.sources.values() for path in source)
        self.paths = tuple(dict.fromkeys(found))
        time = mapped.sources.get(mapped.shape.time, ())
        self._offset = self._at(time[1]) if len(time) == 2 else None

    @property
    def rows(self) -> str:
        """SQL of the rows, with `ts` and `later`."""
        if self._offset is None:
            return f"SELECT *, {self.of(self.mapped.shape.time)} AS ts, 0 AS later FROM rows"  # noqa: S608
        day = self._at(self.mapped.sources[self.mapped.shape.time][0])
        ts = f"CASE WHEN later IS NULL THEN concat_ws(' ', {day}, {self._offset}) ELSE {day} END"
        return f"SELECT *, {ts} AS ts FROM (SELECT *, try_cast({self._offset} AS BIGINT) AS later FROM rows)"  # noqa: S608

    def placed(self, times: Times) -> str:
        """SQL of the rows with `ms`, their time."""
        return f"SELECT * REPLACE (ms + coalesce(later, 0) AS ms) FROM ({times.placed_in(self.rows)})"  # noqa: S608

    def of(self, name: str) -> str:
        """SQL of a field's text."""
        if name in self.mapped.constants:
            return literal(self.mapped.constants[name])
        values = [self._at(path) for path in self.mapped.sources[name]]
        return values[0] if len(values) == 1 else f"nullif(concat_ws(' ', {', '.join(values)}), '')"

    def _at(self, path: Sequence[str]) -> str:
        return f"v{self.paths.index(tuple(path))}"
