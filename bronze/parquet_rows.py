"""Rows of a Parquet file, whoever wrote it: bytes are text, times are ISO 8601, whole numbers have no fraction."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from bronze.column_names import each_once
from lakehouse.compression import require_no_bomb

MAGIC = b"PAR1"
_ROWS = 10_000
_BYTES = 64 << 20
"""Of text that is unpacked at once: a dictionary may stand for thousands of times its size."""


def rows(file: BinaryIO) -> Iterator[str]:
    """Turn each row into a JSON object of the file's columns, without those that are null.

    Nanoseconds are cut to microseconds. Bytes are UTF-8, and where they are not, escaped. A whole number in a column of
    floats, where pandas puts it when one value is missing, is a whole number.

    Raises
    ------
    InputFileError
        Two columns have one name.
    """
    import pyarrow.parquet as pq

    metadata = pq.read_metadata(file)
    # Not by columns: of some damaged ones pyarrow ends the process.
    groups = (metadata.row_group(number) for number in range(metadata.num_row_groups))
    require_no_bomb(file.seek(0, io.SEEK_END), sum(group.total_byte_size for group in groups))
    texts = [column.path for column in metadata.schema if column.physical_type == "BYTE_ARRAY"]
    parquet = pq.ParquetFile(file, metadata=metadata, read_dictionary=texts)
    names = each_once(parquet.schema_arrow.names)
    # `json.dumps` would make one for each row.
    encode = json.JSONEncoder(ensure_ascii=False, default=_plain).encode
    for batch in parquet.iter_batches(batch_size=_ROWS):
        for piece in _pieces(batch):
            columns = [_values(column) for column in piece.columns]
            for row in zip(*columns, strict=True):
                found = {name: value for name, value in zip(names, row, strict=True) if value is not None}
                yield encode(found)


def _pieces(batch: Any) -> Iterator[Any]:
    """Slices of a batch of which the longest texts of the dictionaries together would not fill the memory."""
    import pyarrow as pa
    import pyarrow.compute as pc

    dictionaries = [column.dictionary for column in batch.columns if pa.types.is_dictionary(column.type)]
    longest = sum(
        pc.max(pc.binary_length(texts)).as_py() or 0
        for texts in dictionaries
        if pa.types.is_string(texts.type) or pa.types.is_binary(texts.type)
    )
    rows = min(max(1, _BYTES // max(1, longest)), _ROWS)
    return (batch.slice(first, rows) for first in range(0, batch.num_rows, rows))


def _values(column: Any) -> Sequence[Any]:
    """The values of an Arrow array as JSON has them."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        return _values(column.dictionary_decode())
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp("us", "UTC" if kind.tz else None), safe=False)
    if pa.types.is_temporal(kind) and not pa.types.is_duration(kind) and not pa.types.is_interval(kind):
        column = column.cast(pa.string())
    return [_plain(value) if isinstance(value, bytes | float) else value for value in column.to_pylist()]


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, float):
        if not math.isfinite(value):
            return None if math.isnan(value) else str(value)
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    return str(value)
