"""Progress: how far each consumer has got in each of its sources, and what that is true of.

A position is a number that only its consumer understands: of a table the Delta version that was read, of a file when it
was changed, of event time the second that everything before has happened by.

A small file for each, beside the checkpoints of streams, which are the same thing for Kafka. A table would cost a query
and a merge for every task, about a third of a task that has little to do, and nobody joins with it. Losing the
files costs time and changes nothing: consumers write idempotently, so they read everything again to the same end.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from pydantic import AliasChoices, BaseModel, Field, ValidationError

from lakehouse.errors import OverlapError
from lakehouse.settings import Settings

NOWHERE = ""
"""The identity of a table that does not exist (yet)."""

log = logging.getLogger(__name__)

About = Mapping[str, str]
"""What a position is true of: identities of tables by their names, and of what else the work depends on."""


class Position(BaseModel):
    """How far a consumer has got in a source, and what that is true of."""

    source: str
    # As it was called when there were only tables.
    position: int = Field(validation_alias=AliasChoices("position", "version"))
    about: dict[str, str] = Field(default_factory=dict)

    def is_of(self, about: About) -> bool:
        """Whether nothing contradicts that it was noted of the same things.

        What was not noted, because an older version did not, contradicts nothing that there is.
        """
        return all(self.about.get(name, identity or None) == identity for name, identity in about.items())


@dataclass(frozen=True)
class Progress:
    """What all consumers of a target have read, under one folder."""

    folder: Path

    @classmethod
    def under(cls, settings: Settings) -> Progress:
        """The progress of the target that the settings name."""
        return cls(settings.files / "progress")

    def of(self, consumer: str) -> Mapping[str, int]:
        """The position of a consumer in each of its sources."""
        return {noted.source: noted.position for noted in self._all(consumer)}

    def noted(self, consumer: str, source: str) -> Position | None:
        """The position of a consumer in a source and what it is true of; none: nothing was read, or nobody knows."""
        return _read(self._file(consumer, source))

    def commit(self, consumer: str, positions: Mapping[str, int], about: Mapping[str, About] | None = None) -> None:
        """Note how far a consumer has got in its sources, and of each source what that is true of."""
        for source, position in positions.items():
            noted = Position(source=source, position=position, about=dict((about or {}).get(source, {})))
            file = self._file(consumer, source)
            file.parent.mkdir(parents=True, exist_ok=True)
            # Whole or not at all, whoever else writes.
            unfinished = file.with_name(f"{file.stem}.{uuid4().hex}")
            unfinished.write_text(noted.model_dump_json())
            unfinished.replace(file)

    def may_move(self, consumer: str, since: Mapping[str, Position | None], to: Mapping[str, int]) -> bool:
        """Whether the positions are still those that a run began with, or already those that it ends with.

        Where one was forgotten meanwhile, so that all is read again, it has to stay so.

        Raises
        ------
        OverlapError
            Another run of the consumer moved one. Whichever wrote last may have known less, so both are read again.
        """
        now = {source: self.noted(consumer, source) for source in since}
        moved = {source for source, begun in since.items() if now[source] != begun}
        # Who ends there as well has read the same.
        moved -= {source for source, noted in now.items() if noted and noted.position == to.get(source)}
        if forgotten := {source for source in moved if now[source] is None}:
            log.info("%s is to read %s again from the beginning", consumer, ", ".join(sorted(forgotten)))
            return False
        for source in moved:
            begun, other = since[source], now[source]
            if begun is None or other is None or begun.about != other.about:
                self._file(consumer, source).unlink(missing_ok=True)
            else:
                earlier = min(begun, other, key=lambda noted: noted.position)
                self.commit(consumer, {source: earlier.position}, {source: earlier.about})
        if moved:
            raise OverlapError(
                f"Two runs of {consumer} read {', '.join(sorted(moved))} at the same time, and the one that wrote last "
                "may have known less. Run it again: it begins where the earlier of them began."
            )
        return True

    def forget(self, consumer: str) -> None:
        """Let a consumer read everything again."""
        shutil.rmtree(self._of(consumer), ignore_errors=True)

    def _all(self, consumer: str) -> Iterator[Position]:
        found = (_read(path) for path in self._of(consumer).glob("*.json"))
        return (noted for noted in found if noted is not None)

    def _file(self, consumer: str, source: str) -> Path:
        return self._of(consumer) / f"{hashlib.sha256(source.encode()).hexdigest()[:32]}.json"

    def _of(self, consumer: str) -> Path:
        return self.folder / consumer


def _read(file: Path) -> Position | None:
    """What a file says; none where there is none, or where it was cut off or written by a version that says it else."""
    try:
        return Position.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError:
        log.warning("%s says no position that this version knows: what it is about is read from the beginning.", file)
        return None
