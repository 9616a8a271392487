"""Rows of a purchase file as JSON: opened through its compression, and only when it is whole."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import BinaryIO, cast

from bronze import csv_rows, parquet_rows
from bronze.folder import GIVEN_UP_SECONDS, Seen
from bronze.opening import faults_said, plain
from lakehouse.errors import UnfinishedFileError

_PIECE = 1 << 20


def rows(seen: Seen) -> Iterator[str]:
    """Turn each row of a file into JSON, in the order of the file and in bounded memory.

    Raises
    ------
    UnfinishedFileError
        Its end is missing: a Parquet footer, the end of the last line, the last of its compressed bytes.
    InputFileError
        It cannot be read as what its name says. Both say why.
    """
    with faults_said():
        _require_end(seen)
        if seen.kind == ".parquet":
            with _opened(seen) as file:
                yield from parquet_rows.rows(file)
            return
        with _opened(seen) as file:
            whole = csv_rows.whole_columns(file)
        with _opened(seen) as file:
            yield from csv_rows.rows(file, whole)


def _require_end(seen: Seen) -> None:
    with plain(seen) as file:
        tail = _tail(file, seen)
    if not tail:
        raise UnfinishedFileError("it is empty")
    if seen.kind == ".parquet":
        if not tail.endswith(parquet_rows.MAGIC):
            raise UnfinishedFileError("it has no Parquet footer: it is still being copied, or no Parquet file")
    elif not csv_rows.is_ended(tail) and seen.written_at > time.time() - GIVEN_UP_SECONDS:
        raise UnfinishedFileError(
            "its last line has no end: it is still being copied, or needs one (it is taken as it is after an hour)"
        )


def _tail(file: BinaryIO, seen: Seen) -> bytes:
    if not seen.compression:
        file.seek(max(0, seen.size - 8))
    tail = b""
    while piece := file.read(_PIECE):
        tail = (tail + piece)[-8:]
    return tail


@contextmanager
def _opened(seen: Seen) -> Iterator[BinaryIO]:
    """A file's bytes without their compression; of Parquet, which is read from its end, as a file that can seek."""
    with plain(seen) as file:
        if seen.kind == ".parquet" and seen.compression:
            with TemporaryFile() as copy:
                shutil.copyfileobj(file, copy, _PIECE)
                copy.seek(0)
                yield cast(BinaryIO, copy)
        else:
            yield file
