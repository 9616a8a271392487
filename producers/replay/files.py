"""Files of a recording: which ones a folder has, and their text, whatever compression and encoding they have."""

from __future__ import annotations

import io
import lzma
import zlib
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Literal, get_args

from lakehouse.compression import decompressed
from lakehouse.encodings import marked
from lakehouse.errors import InputFileError, TaskParameterError, said

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

Format = Literal["csv", "json", "parquet"]
FORMATS: tuple[Format, ...] = get_args(Format)

HEAD_BYTES = 65_536
LONGEST_LINE = 1_000_000
"""Characters; no broker takes a record of so many, and a file without line ends would fill the memory."""

_EXTENSIONS: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".parquet": "parquet",
    ".pq": "parquet",
}
_ONLY_BY_NAME: dict[str, Format] = {".dat": "csv", ".data": "csv", ".item": "csv", ".psv": "csv", ".txt": "csv"}
"""Extensions that many other files have as well: taken if the file itself is named, not out of a folder."""
_COMPRESSIONS = (".gz", ".bz2", ".xz", ".zst")
_MAGIC = {b"\x1f\x8b": ".gz", b"BZh": ".bz2", b"\xfd7zXZ": ".xz", b"\x28\xb5\x2f\xfd": ".zst"}
_ARCHIVES = {b"PK\x03\x04": "a ZIP archive or an Excel workbook", b"\xd0\xcf\x11\xe0": "an old Excel workbook"}
_ARCHIVES |= {b"7z\xbc\xaf": "a 7z archive"}
_MOSTLY = 0.3

READ_ERRORS = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError)
"""What a damaged or cut file raises while it is read."""


def chunks(folder: Path, file_format: Format | None) -> tuple[list[Path], list[Path]]:
    """Find the files of records in a folder, and those that are left: of no known extension, or empty.

    Raises
    ------
    InputFileError
        There is none.
    """
    try:
        files = [file for file in sorted(folder.iterdir()) if file.is_file() and not file.name.startswith((".", "_"))]
        taken = [file for file in files if (file_format or extension(file) in _EXTENSIONS) and file.stat().st_size]
    except OSError as error:
        raise InputFileError(f"{folder} cannot be read: {error}. Check the path and its permissions.") from None
    if not taken:
        raise InputFileError(
            f"The folder {folder} has no file of records: none that ends in {', '.join(_EXTENSIONS)} and is not empty. "
            "Check the path, or give one file."
        )
    return taken, [file for file in files if file not in taken]


def format_of(path: Path) -> Format:
    """Tell a file's format by its extension.

    Raises
    ------
    InputFileError
        The extension tells none.
    """
    found = {**_EXTENSIONS, **_ONLY_BY_NAME}.get(extension(path))
    if found is None:
        raise InputFileError(
            f"{path} has no extension that tells its format. Add `--format` with one of {', '.join(FORMATS)}."
        )
    return found


def extension(path: Path) -> str:
    """The extension of what is in a file, in lower case, before that of its compression."""
    return (path.with_suffix("").suffix if path.suffix.lower() in _COMPRESSIONS else path.suffix).lower()


def head_of(path: Path) -> bytes:
    """The first bytes of what is in a file.

    Raises
    ------
    InputFileError
        The file is missing, empty, an archive, or not compressed as its name says.
    """
    try:
        if not path.is_file():
            raise InputFileError(f"{path} is not a file or folder. Check the path.")
        with _bytes(path) as stream:
            head = stream.read(HEAD_BYTES)
    except READ_ERRORS as error:
        raise unreadable(path, error) from None
    if not head:
        raise InputFileError(f"{path} is empty. Give a file with at least a line of column names.")
    for magic, kind in _ARCHIVES.items():
        if head.startswith(magic):
            raise InputFileError(f"{path} cannot be read: it is {kind}. Unpack it, or save it as CSV.")
    return head


def encoding_of(head: bytes, given: str | None) -> str:
    """Tell how text is encoded: as it is `given`, by its mark, by the NULs that UTF-16 has, else UTF-8.

    Raises
    ------
    TaskParameterError
        There is no such encoding.
    """
    if given:
        try:
            "".encode(given)
        except LookupError:
            raise TaskParameterError(
                f"`--encoding {given}` is no encoding. Use one such as utf-8, utf-16 or cp1252 (Windows)."
            ) from None
        return "utf-8-sig" if given.lower().replace("_", "-") in {"utf-8", "utf8"} else given
    if encoding := marked(head):
        return encoding
    for first, encoding in ((0, "utf-16-be"), (1, "utf-16-le")):
        if len(head) > 1 and head[first::2].count(0) > _MOSTLY * len(head[first::2]) > head[1 - first :: 2].count(0):
            return encoding
    return "utf-8-sig"


@contextmanager
def text_of(path: Path, encoding: str) -> Iterator[io.TextIOWrapper]:
    """Open a file's text; every kind of line end is one, and bytes that are no text become lone surrogates.

    Raises
    ------
    InputFileError
        The file turns out to be damaged or cut.
    """
    errors = "replace" if encoding.startswith(("utf-16", "utf-32")) else "surrogateescape"
    try:
        with _bytes(path) as stream, io.TextIOWrapper(stream, encoding, errors) as text:
            yield text
    except READ_ERRORS as error:
        raise unreadable(path, error) from None


def first_lines(text: io.TextIOWrapper) -> str:
    """The beginning of a text, enough to tell how it is written."""
    return text.read(HEAD_BYTES)


def lines_of(text: io.TextIOWrapper) -> Iterator[str]:
    """Yield the lines of a text that `text_of` has opened, with their ends.

    Raises
    ------
    ValueError
        One is too long; `text_of` says of which file.
    """
    for number in count(1):
        line = text.readline(LONGEST_LINE)
        if not line:
            return
        if len(line) == LONGEST_LINE:
            raise ValueError(f"line {number:,} is longer than {LONGEST_LINE:,} characters")
        yield line


def unreadable(path: Path, error: Exception) -> InputFileError:
    """Say that a file cannot be read, and why."""
    return InputFileError(f"{path} cannot be read: {said(error)}. Check the file, its permissions and its `--format`.")


def is_text(line: str) -> bool:
    """Tell whether all bytes of a line were text."""
    if line.isascii():
        return True
    try:
        line.encode()
    except UnicodeEncodeError:
        return False
    return True


@contextmanager
def _bytes(path: Path) -> Iterator[BinaryIO]:
    with path.open("rb") as raw:
        magic = raw.read(8)
        raw.seek(0)
        found = next((kind for mark, kind in _MAGIC.items() if magic.startswith(mark)), None)
        with decompressed(raw, found or path.suffix.lower()) as stream:
            yield stream
