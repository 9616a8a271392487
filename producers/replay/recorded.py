"""Recorded files: which ones a recording has, how each is to be read, and which columns it has."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from lakehouse.errors import InputFileError, shown
from producers.replay import delimited, files, objects, parquet
from producers.replay.database import open_database
from producers.replay.vocabulary import dataset_of

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Mapping, Sequence

    from producers.replay.files import Format
    from producers.replay.vocabulary import Dataset

SAMPLE_OBJECTS = 2_000
"""Objects of a JSON file that are looked at to learn its columns."""
MOST_COLUMNS = 2_000
"""Of a table; looking at more takes minutes, and nobody has meant them."""


@dataclass(frozen=True)
class Part:
    """One file, and how it is to be read.

    Attributes
    ----------
    singles : set of str
        Columns of floats of 32 bits.
    """

    path: pathlib.Path
    format: Format
    columns: tuple[str, ...]
    encoding: str = "utf-8"
    dialect: delimited.Dialect | None = None
    dataset: Dataset | None = None
    singles: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Recorded:
    """A file or a folder of files that can be read; make it with `open_recorded`.

    Attributes
    ----------
    left : tuple of Path
        Files of the folder that are not read.
    """

    path: pathlib.Path
    parts: tuple[Part, ...]
    left: tuple[pathlib.Path, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that any of the files has."""
        return tuple(dict.fromkeys(column for part in self.parts for column in part.columns))

    @property
    def dataset(self) -> Dataset | None:
        """The data set that all files are of."""
        found = {part.dataset and part.dataset.files for part in self.parts}
        return self.parts[0].dataset if len(found) == 1 else None

    def require(self, columns: Mapping[str, str], hint: str) -> None:
        """Make sure that every file has `columns` (field to column).

        Raises
        ------
        InputFileError
            One lacks some; the message lists what it has, and `hint` says what to do.
        """
        for part in self.parts:
            missing = {field: column for field, column in columns.items() if column not in part.columns}
            if missing:
                lacking = ", ".join(
                    repr(column) if field == column else f"{column!r} (for {field})"
                    for field, column in missing.items()
                )
                had = shown(", ".join(map(repr, part.columns)), 2_000) or "none"
                first_line = " If its first line names no columns, give `--columns a,b,c`." if part.dialect else ""
                raise InputFileError(f"{part.path} has no column {lacking}; it has {had}. {hint}{first_line}")


def open_recorded(
    path: pathlib.Path,
    file_format: Format | None = None,
    columns: Sequence[str] | None = None,
    encoding: str | None = None,
) -> Recorded:
    """Find out how to read a file, or all files of a folder, and which columns they have.

    Parameters
    ----------
    path : Path
        Of a folder, the files with a known extension are read, or with `file_format` all; not hidden ones, nor
        empty ones, nor those of folders inside.
    file_format : {"csv", "json", "parquet"}, optional
        None: by the extension, before that of a compression. JSON is one object per line, or an array of objects.
    columns : sequence of str, optional
        What the columns of CSV files are called, for those whose first line does not say it.
    encoding : str, optional
        Of CSV and JSON; None: UTF-8, or UTF-16 if it looks like it.

    Raises
    ------
    InputFileError
        A file is missing, empty, not readable, or of an unknown format.
    """
    taken, left = files.chunks(path, file_format) if path.is_dir() else ([path], [])
    parts = [_part(file, file_format, columns, encoding) for file in taken]
    return Recorded(path, tuple(parts), tuple(left))


def _part(path: pathlib.Path, file_format: Format | None, columns: Sequence[str] | None, encoding: str | None) -> Part:
    head = files.head_of(path)
    file_format = file_format or files.format_of(path)
    if file_format == "parquet":
        with open_database(path) as database:
            columns = _few(parquet.columns_of(database, path), path)
            return Part(path, "parquet", columns, singles=parquet.singles_of(database, path))
    dataset = dataset_of(path) if columns is None and file_format == "csv" else None
    encoding = files.encoding_of(head, encoding)
    if dataset and dataset.encoding and not _is_utf8(path):
        encoding = dataset.encoding
    with files.text_of(path, encoding) as text:
        if file_format == "csv":
            dialect = delimited.dialect_of(files.first_lines(text), dataset.columns if dataset else columns)
            return Part(path, "csv", _few(dialect.columns, path), encoding, dialect, dataset)
        by_line = objects.is_by_line(files.first_lines(text))
    with files.text_of(path, encoding) as text:
        found = objects.by_line(files.lines_of(text)) if by_line else objects.by_brackets(text, path)
        texts = (each for batch in found for each in batch.texts)
        sample = (objects.decoded(each) or {} for each in islice(texts, SAMPLE_OBJECTS))
        return Part(path, "json", tuple(dict.fromkeys(key for each in sample for key in each)), encoding)


def _few(columns: tuple[str, ...], path: pathlib.Path) -> tuple[str, ...]:
    if len(columns) > MOST_COLUMNS:
        raise InputFileError(f"{path} has {len(columns):,} columns, at most {MOST_COLUMNS:,} can be read. Remove some.")
    return columns


def _is_utf8(path: pathlib.Path) -> bool:
    with files.text_of(path, "utf-8") as text:
        return all(map(files.is_text, files.lines_of(text)))
