"""Progress: how far each consumer has got in each of its sources.

A position is a number that only its consumer understands: of a table the Delta version that was read, of a file when it
was changed, of event time the second that everything before has happened by.

A small file for each, beside the checkpoints of streams, which are the same thing for Kafka. A table would cost a query
and a merge for every task, about a third of a task that has little to do, and nobody joins with it. Losing the
files costs time and changes nothing: consumers write idempotently, so they read everything again to the same end.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from pydantic import AliasChoices, BaseModel, Field

from lakehouse.settings import Settings


class _Entry(BaseModel):
    source: str
    # As it was called when there were only tables.
    position: int = Field(validation_alias=AliasChoices("position", "version"))


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
        entries = (_Entry.model_validate_json(path.read_bytes()) for path in self._of(consumer).glob("*.json"))
        return {entry.source: entry.position for entry in entries}

    def commit(self, consumer: str, positions: Mapping[str, int]) -> None:
        """Note how far a consumer has got in its sources."""
        folder = self._of(consumer)
        folder.mkdir(parents=True, exist_ok=True)
        for source, position in positions.items():
            name = hashlib.sha256(source.encode()).hexdigest()[:32]
            # Whole or not at all, whoever else writes.
            unfinished = folder / f"{name}.{uuid4().hex}"
            unfinished.write_text(_Entry(source=source, position=position).model_dump_json())
            unfinished.replace(folder / f"{name}.json")

    def forget(self, consumer: str) -> None:
        """Let a consumer read everything again."""
        shutil.rmtree(self._of(consumer), ignore_errors=True)

    def _of(self, consumer: str) -> Path:
        return self.folder / consumer
