"""Folders that people put files into: what lies in one, which of it can be read, and what has come to rest."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lakehouse.errors import InputFileError

COMPRESSIONS = (".gz", ".bz2", ".zst")
GIVEN_UP_SECONDS = 3600
"""A text whose last line has no end and that has not changed for so long will not get one."""

_HIDDEN = "its name starts with a dot or an underscore, as those of unfinished files do"
_UNFINISHED = "its name ends as those of unfinished files do"
_UNFINISHED_ENDS = (".tmp", ".part")
_FOLDER = "it is a folder, and only files directly in this folder are read: move its files up"
_GONE = "it has gone"
_LINK = "it is a link to a folder, and only folders themselves are looked into"


@dataclass(frozen=True)
class Inbox:
    """A folder, and what people put into it.

    Attributes
    ----------
    source : str
        What the ledger calls it.
    setting : str
        The setting that says where it is.
    kinds : tuple of str
        Suffixes of the files that are read, lower case and without those of a compression.
    is_nested : bool
        Whether folders within it are looked into.
    """

    path: Path
    source: str
    setting: str
    kinds: tuple[str, ...]
    is_nested: bool = False


@dataclass(frozen=True)
class Seen:
    """An entry of a folder as it was at one moment.

    Attributes
    ----------
    place : str
        Its path, as text: 100,000 of another kind take a second.
    changed_ns : int
        When content or access last changed, nanoseconds since 1970; with `size` it tells whether to look again.
    written_at : float
        When the content last changed, seconds since 1970.
    fault : str, optional
        Why there is nothing to read.
    is_hidden : bool
        Whether nobody expects it to be read.
    """

    place: str
    size: int = 0
    changed_ns: int = 0
    written_at: float = 0
    fault: str | None = None
    is_hidden: bool = False

    @property
    def path(self) -> Path:
        """Where it lies."""
        return Path(self.place)

    @property
    def name(self) -> str:
        """The path as text that a table and a log can hold, whatever bytes it consists of."""
        if self.place.isprintable() and "\\" not in self.place:
            return self.place
        # A backslash as well, so that no two places have one name.
        text = os.fsencode(self.place.replace("\\", r"\\")).decode("utf-8", "backslashreplace")
        return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)

    @property
    def kind(self) -> str:
        """The suffix that says how to read it, without that of a compression; lower case."""
        return _kind(os.path.basename(self.place))  # noqa: PTH119

    @property
    def compression(self) -> str:
        """The suffix of its compression, empty without one."""
        return _compression(os.path.basename(self.place))  # noqa: PTH119


def look(inbox: Inbox) -> Sequence[Seen]:
    """Look at everything in a folder, in the order of names; nothing where there is no such folder.

    What goes between listing and looking, such as a file that gets its name at that moment, is left to the next run.

    Raises
    ------
    InputFileError
        The folder cannot be listed.
    """
    if not inbox.path.is_dir():
        return []
    try:
        paths = sorted(_paths(str(inbox.path.absolute()), inbox.is_nested))
    except OSError as error:
        raise InputFileError(
            f"The folder {error.filename or inbox.path} of {inbox.source} cannot be listed: {error.strerror}. Correct "
            f"{inbox.setting} or its rights."
        ) from None
    seen = (_seen(path, inbox.kinds, is_nested=inbox.is_nested) for path in paths)
    return [entry for entry in seen if entry.fault != _GONE]


def see(path: Path, kinds: Sequence[str]) -> Seen:
    """Look at one entry without opening it: a pipe would never answer."""
    return _seen(str(path), kinds, is_nested=False)


def is_unmoved(seen: Seen) -> bool:
    """Whether a file to read is as it was seen."""
    try:
        status = os.stat(seen.place)  # noqa: PTH116
    except OSError:
        return False
    return (seen.size, seen.changed_ns) == (status.st_size, max(status.st_mtime_ns, status.st_ctime_ns))


def unsettled(entries: Iterable[Seen], seconds: float) -> frozenset[Path]:
    """Of files to read, those that have changed within some seconds and go on changing while they are waited for.

    Once for all of them, and only where one is that young. A clock that is ahead costs the wait and nothing else.
    """
    young = [entry for entry in entries if not entry.fault and entry.written_at > time.time() - seconds]
    if young:
        time.sleep(seconds)
    return frozenset(entry.path for entry in young if not is_unmoved(entry))


def _seen(place: str, kinds: Sequence[str], *, is_nested: bool) -> Seen:
    try:
        status = os.stat(place)  # noqa: PTH116
    except FileNotFoundError:
        return Seen(place, fault="it is a link to nothing" if os.path.islink(place) else _GONE)  # noqa: PTH114
    except OSError as error:
        return Seen(place, fault=f"it cannot be looked at: {error.strerror}")
    name = os.path.basename(place)  # noqa: PTH119
    hidden = _hidden(name)
    fault = hidden or _fault(name, status, kinds, is_nested=is_nested)
    # Access counts too: what could not be opened is tried again once it can.
    changed_ns = max(status.st_mtime_ns, status.st_ctime_ns)
    return Seen(place, status.st_size, changed_ns, status.st_mtime, fault, is_hidden=hidden is not None)


def _paths(folder: str, is_nested: bool) -> Iterator[str]:
    """Everything in a folder but, where they are looked into, the folders in it; a hidden one is as it is."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if is_nested and not _hidden(entry.name) and entry.is_dir(follow_symlinks=False):
                # One that was cleared away meanwhile keeps nobody from the others.
                with suppress(FileNotFoundError):
                    yield from _paths(entry.path, is_nested)
            else:
                yield entry.path


def _hidden(name: str) -> str | None:
    if name.startswith((".", "_")):
        return _HIDDEN
    return _UNFINISHED if name.lower().endswith(_UNFINISHED_ENDS) else None


def _fault(name: str, status: os.stat_result, kinds: Sequence[str], *, is_nested: bool) -> str | None:
    if stat.S_ISDIR(status.st_mode):
        return _LINK if is_nested else _FOLDER
    if not stat.S_ISREG(status.st_mode):
        return "it is no file but a pipe, a socket or a device"
    if _kind(name) in kinds:
        return None
    return f"it is none of {', '.join(kinds)}, nor one of these with {', '.join(COMPRESSIONS)} behind it"


def _kind(name: str) -> str:
    plain, suffix = os.path.splitext(name)  # noqa: PTH122
    if suffix.lower() in COMPRESSIONS:
        suffix = os.path.splitext(plain)[1]  # noqa: PTH122
    return suffix.lower()


def _compression(name: str) -> str:
    suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122
    return suffix if suffix in COMPRESSIONS else ""
