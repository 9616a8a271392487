"""Files of a test as `reclake replay` sends them: looked at as a whole first, and refused or sent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lakehouse.errors import InputFileError
from producers.replay.options import Options
from producers.replay.replay import Recording, look_at, open_recording
from producers.replay.survey import Survey

TS = 1_700_000_000
LISTENING = "user_id,new_episode_id,event,ts\n"
CLICKS = "session_id,user_id,item_id,event_type,timestamp\n"
RATINGS = "userId,movieId,rating,timestamp\n"


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def sent(path: Path, **options) -> list[dict]:
    """The values of the events that would be sent; a record that is no event as its kind and its bytes."""
    with look_at(open_recording(path, Options(**options))) as records:
        return [
            {"kind": record.kind, "value": record.value} if record.kind == "unreadable" else json.loads(record.value)
            for record in records
        ]


def told(path: Path, **options) -> tuple[Recording, Survey]:
    """The recording and what is told of it, after all of it went through."""
    recording = open_recording(path, Options(**options))
    surveys: list[Survey] = []
    with look_at(recording, lambda _, survey: surveys.append(survey)) as records:
        assert sum(1 for _ in records) >= 0
    return recording, surveys[0]


def csv(tmp_path, header: str, *rows: str):
    return written(tmp_path / "a.csv", header + "".join(f"{row},{TS + n}\n" for n, row in enumerate(rows)))


def refusal(path, **options) -> str:
    with pytest.raises(InputFileError) as raised:
        sent(path, **options)
    return str(raised.value)
