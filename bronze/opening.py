"""Opening a file of strangers: through its compression, and with what is wrong with it said in a clause."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from bronze.folder import Seen
from lakehouse.compression import decompressed
from lakehouse.errors import InputFileError, UnfinishedFileError, said


@contextmanager
def plain(seen: Seen) -> Iterator[BinaryIO]:
    """Open a file without its compression.

    Raises
    ------
    InputFileError
        It cannot be opened.
    """
    try:
        raw = seen.path.open("rb")
    except OSError as error:
        raise InputFileError(f"it cannot be opened: {error.strerror or error}") from None
    with raw, decompressed(raw, seen.compression) as file:
        yield file


@contextmanager
def faults_said() -> Iterator[None]:
    """Turn what the libraries raise of a file into one clause about it."""
    import pyarrow as pa

    try:
        yield
    except InputFileError:
        raise
    except EOFError:
        raise UnfinishedFileError("its compressed bytes end too early: it is still being copied, or damaged") from None
    # Of a damaged footer pyarrow raises a bare RuntimeError.
    except (OSError, RuntimeError, ValueError, ArithmeticError, zlib.error, pa.ArrowException) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or said(error)
        if "Truncated compressed stream" in why:
            raise UnfinishedFileError("its compressed bytes end too early: it is still being copied") from None
        raise InputFileError(f"it cannot be read as what its name says: {why}") from None
