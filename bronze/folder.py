"""The folder of purchase files: what lies in it, which of it can be a file to read, and what has come to rest."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lakehouse.errors import InputFileError

KINDS = (".csv", ".parquet")
COMPRESSIONS = (".gz", ".bz2", ".zst")

_HIDDEN = "its name starts with a dot or an underscore, as those of unfinished files do"
_FOLDER = "it is a folder, and only files directly in the folder of purchases are read: move its files up"
_OTHER = f"it is none of {', '.join(KINDS)}, nor one of these with {', '.join(COMPRESSIONS)} behind it"


@dataclass(frozen=True)
class Seen:
    """An entry of the folder as it was at one moment.

    Attributes
    ----------
    changed_ns : int
        When content or access last changed, nanoseconds since 1970; with `size` it tells whether to look again.
    written_at : float
        When the content last changed, seconds since 1970.
    fault : str, optional
        Why there is nothing to read.
    is_hidden : bool
        Whether nobody expects it to be read.
    """

    path: Path
    size: int = 0
    changed_ns: int = 0
    written_at: float = 0
    fault: str | None = None
    is_hidden: bool = False

    @property
    def name(self) -> str:
        """The path as text that a table and a log can hold, whatever bytes it consists of."""
        text = os.fsencode(self.path).decode("utf-8", "backslashreplace")
        return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)

    @property
    def kind(self) -> str:
        """The suffix that says how to read it, without that of a compression; lower case."""
        path = Path(self.path.stem) if self.compression else self.path
        return path.suffix.lower()

    @property
    def compression(self) -> str:
        """The suffix of its compression, empty without one."""
        suffix = self.path.suffix.lower()
        return suffix if suffix in COMPRESSIONS else ""


def look(folder: Path) -> Sequence[Seen]:
    """Look at everything in a folder, in the order of names; nothing where there is no such folder.

    Raises
    ------
    InputFileError
        The folder cannot be listed.
    """
    if not folder.is_dir():
        return []
    try:
        return [see(path) for path in sorted(folder.absolute().iterdir())]
    except OSError as error:
        raise InputFileError(
            f"The folder of purchases {folder} cannot be listed: {error.strerror}. Correct PURCHASES_PATH or its "
            "rights."
        ) from None


def see(path: Path) -> Seen:
    """Look at one entry without opening it: a pipe would never answer."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return Seen(path, fault="it is a link to nothing" if path.is_symlink() else "it has gone")
    except OSError as error:
        return Seen(path, fault=f"it cannot be looked at: {error.strerror}")
    # Access counts too: what could not be opened is tried again once it can.
    changed_ns = max(status.st_mtime_ns, status.st_ctime_ns)
    seen = Seen(path, status.st_size, changed_ns, status.st_mtime, is_hidden=path.name.startswith((".", "_")))
    return replace(seen, fault=_HIDDEN if seen.is_hidden else _fault(seen, status))


def unsettled(entries: Iterable[Seen], seconds: float) -> frozenset[Path]:
    """Of files to read, those that have changed within some seconds and go on changing while they are waited for.

    Once for all of them, and only where one is that young. A clock that is ahead costs the wait and nothing else.
    """
    young = [entry for entry in entries if not entry.fault and entry.written_at > time.time() - seconds]
    if young:
        time.sleep(seconds)
    return frozenset(entry.path for entry in young if see(entry.path) != entry)


def _fault(seen: Seen, status: os.stat_result) -> str | None:
    if stat.S_ISDIR(status.st_mode):
        return _FOLDER
    if not stat.S_ISREG(status.st_mode):
        return "it is no file but a pipe, a socket or a device"
    return None if seen.kind in KINDS else _OTHER
