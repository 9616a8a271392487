"""A table's folder under another name, for a reader that takes what its own name has in it for something else."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from lakehouse.errors import SettingsError

_MISREAD = re.compile(r"%[0-9A-Fa-f]{2}|\\|[\x00-\x1f]")
"""DuckDB's Delta extension takes a path through URLs, unescapes it twice, and follows a link to a folder first."""


def is_misread(folder: Path) -> bool:
    """Whether DuckDB would look for a table in this folder elsewhere.

    Examples
    --------
    >>> is_misread(Path("/home/100% #1")), is_misread(Path("/home/a%20b"))
    (False, True)
    """
    return _MISREAD.search(str(folder)) is not None


class OtherNames:
    """Folders of links to what lies in tables' folders; they are gone when nobody uses them any more.

    Raises
    ------
    SettingsError
        There is no better name to be had.
    """

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="reclake-tables-")
        if is_misread(Path(self._folder.name)):
            raise SettingsError(
                f"DuckDB would look for tables under {self._folder.name} elsewhere, as it would under RECLAKE_HOME. "
                "Choose a TMPDIR without a % before two letters or digits."
            )

    def of(self, table: Path) -> Path:
        """A folder that has what the table's folder has now."""
        links = Path(self._folder.name, *table.parts[-2:])
        links.mkdir(parents=True, exist_ok=True)
        for file in table.iterdir():
            # Files of a table never change, and another thread may have been faster.
            with suppress(FileExistsError):
                (links / file.name).symlink_to(file)
        return links
