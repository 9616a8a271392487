"""Compressed files: their bytes as they were before."""

from __future__ import annotations

import bz2
import gzip
import lzma
from typing import Any, BinaryIO


def decompressed(raw: BinaryIO, compression: str) -> Any:
    """Open a stream within a stream, to be used as a context; closing it leaves `raw` open.

    Parameters
    ----------
    compression : str
        The suffix that files of its kind have: `.gz`, `.bz2`, `.xz` or `.zst`; any other: the bytes are as they are.

    Returns
    -------
    binary stream
        What it raises while it is read is the library's own.
    """
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
