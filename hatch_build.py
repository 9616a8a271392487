"""The wheel's file time: made from what is in the wheel, because the Databricks CLI tells wheels apart by it."""

import os
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_SINCE = 1_577_836_800  # 2020-01-01
_SPAN = 1_000_000_000  # seconds; the newest time is in 2051


class FileTime(BuildHookInterface[Any]):
    """Give the wheel its time.

    The CLI appends the file time in nanoseconds to the version that it uploads. Of one code it has to be the same on
    each machine and after each checkout, or every deployment would change every job; and of other code another one, or
    jobs would go on with the old one. The time of the build is neither.
    """

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Set the time of the wheel that was built."""
        time = file_time(Path(artifact_path))
        os.utime(artifact_path, ns=(time, time))


def file_time(wheel: Path) -> int:
    """Make a time, in nanoseconds since 1970, from the digests of all files of a wheel."""
    with ZipFile(wheel) as files:
        (record,) = (name for name in files.namelist() if name.endswith(".dist-info/RECORD"))
        number = int.from_bytes(sha256(files.read(record)).digest())
    return _SINCE * 10**9 + number % (_SPAN * 10**9)
