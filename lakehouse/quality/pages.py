"""The quality pages: an index of the newest check of each table, and a page for each of these.

They are whole as files: nothing is fetched from elsewhere, so they look the same without the internet.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lakehouse.quality import markup
from lakehouse.quality.newest import Checked, Line
from lakehouse.settings import Settings

if TYPE_CHECKING:
    from lakehouse.quality.checking import Check


def data_docs_index(settings: Settings) -> Path:
    """The page that lists the newest check of each table; it exists after the first check."""
    return _folder(settings) / "index.html"


def publish(settings: Settings, checks: Sequence[Check], at: dt.datetime) -> None:
    """Put checks in the place of what the same tables had before."""
    folder = _folder(settings)
    for check in checks:
        checked = _of(check, at)
        _write(folder / "results" / f"{checked.name}.json", checked.model_dump_json(indent=1))
        _write(folder / "validations" / f"{checked.name}.html", markup.page(checked))
    known = [Checked.model_validate_json(file.read_bytes()) for file in sorted((folder / "results").glob("*.json"))]
    _write(data_docs_index(settings), markup.index(known))


def _of(check: Check, at: dt.datetime) -> Checked:
    lines = [
        Line(expectation=str(o.expectation), severity=o.expectation.severity, passed=o.passed, observed=o.observed)
        for o in check.outcomes
    ]
    subject = check.subject
    return Checked(name=subject.name, version=subject.version, num_rows=check.num_rows, at=at, lines=lines)


def _write(file: Path, text: str) -> None:
    """Replace a file whole: somebody may be reading it, and two gates may end at once."""
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(file)


def _folder(settings: Settings) -> Path:
    return settings.files / "quality"
