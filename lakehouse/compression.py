"""Compressed files: their bytes as they were before, of which there are not endlessly many."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Buffer

BOMB_BYTES, BOMB_TIMES = 512 << 20, 200
"""What is larger than the first and more than so many times its compressed bytes is made to fill disks and memories;
tables that repeat themselves become 10 to 50 times smaller."""
_READ = 128 << 10


@contextmanager
def decompressed(raw: BinaryIO, compression: str) -> Iterator[BinaryIO]:
    """Open a stream within a stream; closing it leaves `raw` open.

    Parameters
    ----------
    compression : str
        The suffix that files of its kind have: `.gz`, `.bz2`, `.xz` or `.zst`; any other: the bytes are as they are.

    Returns
    -------
    binary stream
        What it raises while it is read is the library's own, or the `OSError` of `require_no_bomb`.
    """
    stream = _stream(raw, compression)
    if stream is raw:
        yield raw
        return
    with stream, io.BufferedReader(_Watched(raw, stream), _READ) as watched:
        yield cast("BinaryIO", watched)


def require_no_bomb(compressed: int, size: int) -> None:
    """Make sure that bytes are not made to become endlessly many.

    Raises
    ------
    OSError
        They are.
    """
    if size > BOMB_BYTES and size > BOMB_TIMES * compressed:
        raise OSError(f"it becomes more than {BOMB_TIMES} times as large when it is decompressed, which no table does")


def _stream(raw: BinaryIO, compression: str) -> Any:
    if compression == ".gz":
        return gzip.GzipFile(fileobj=raw)
    if compression == ".bz2":
        return bz2.BZ2File(raw)
    if compression == ".xz":
        return lzma.LZMAFile(raw)
    if compression == ".zst":
        import pyarrow as pa

        return pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), "zstd")
    return raw


class _Watched(io.RawIOBase):
    """What a stream says, while it is not too much for the bytes that it has taken."""

    def __init__(self, raw: BinaryIO, stream: Any) -> None:
        self._raw, self._stream, self._size = raw, stream, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        count: int = self._stream.readinto(buffer)
        self._size += count
        require_no_bomb(self._raw.tell(), self._size)
        return count
