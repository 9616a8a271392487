"""Purchase files of strangers: each row is taken or the file is refused in a sentence, in bounded time."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import os
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import example, given
from hypothesis import strategies as st

from bronze.file_rows import rows
from bronze.folder import see
from bronze.purchases import KINDS
from tests.fuzz.bounds import cpu_for, told_in_a_sentence
from tests.fuzz.hostile import Repeated, fuzzed, marks, mutated, repeated

HEADER = b"user_id,item_id,purchase_amount,purchase_date\n"
CSV_SEEDS = (
    HEADER + b"m0001,m0002,129.90,2024-05-01\nm0003,m0004,5,2024-05-02\nm0005,m0006,7,2024-05-03 m0007\n",
    HEADER + b'm0001,"m0002 24"", oak",4711.00,2024\r\n"m0003\n2","a ""b""",1,\r\n\r\nm0004,i3,7,m0005\r\n',
    HEADER.replace(b",", b";") + b"31.0;m0001;1,5;2024-05-01\n32.0;i2 m0002;2,5;\n;;;\nm0003;m0004",
    HEADER + b"M\xc3\xbcller m0001,i\tm0002,1,2024-05-01 10:00:00\nm0003,m0004,m0005,m0006,m0007,m0008\n",
    (HEADER + b"m0001,m0002,129.90,2024-05-01\n").decode().encode("utf-16"),
    (HEADER + b"m0001,m0002,129.90,2024-05-01\n").decode().encode("utf-32-be"),
)
CSV_TOKENS = (b",", b";", b"\t", b"|", b'"', b'""', b'","', b"\n", b"\r", b"\r\n", b"\n\n", b"\0", b"\xff", b" ", b"a")
CSV_TOKENS += (b"\xef\xbb\xbf", b"\xfe\xff", b"\xed\xa0\x80", b"1.0", b"\xc2\x85", b"\xe2\x80\xa8", b"\x0b", b"\x1c")
CSV_TOKENS += (b'x",x,"y\n', b",1.0\n", b"sep=;\n", b"m0009")
COMPRESS = {".gz": gzip.compress, ".bz2": bz2.compress, ".zst": lambda c: pa.compress(c, "zstd", asbytes=True)}
PARQUET_TOKENS = (b"PAR1", b"\0" * 8, b"\xff" * 8, b"\x15\x00", b"\x7f\xff\xff\xff", b"\x80\x80\x80\x80\x08")


def _parquet(**columns: pa.Array) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, row_group_size=2)
    return sink.getvalue()


PARQUET_SEEDS = (
    _parquet(
        user_id=pa.array(["u1", None, "u3"]), amount=pa.array([1.0, float("nan"), None]), b=pa.array([b"\xff"] * 3)
    ),
    _parquet(day=pa.array([0, 1], pa.date32()), at=pa.array([0, 2**62], pa.timestamp("ns")), n=pa.array([1, 2])),
    _parquet(a=pa.array([{"b": [1.5]}, None]), c=pa.array(["x", "x"]).dictionary_encode(), d=pa.nulls(2)),
)


def taken(content: bytes, name: str) -> list[str] | None:
    """The rows of a file that has not changed for two hours; None if it is refused."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(content)
        os.utime(path, (0, 0))
        with cpu_for(len(content)), told_in_a_sentence():
            return list(rows(see(path, KINDS)))
    return None


def csv_of_purchases(content: bytes) -> None:
    """What is taken is text by the column, and every cell of the file is in it, as often."""
    found = taken(content, "a.csv")
    if found is None:
        return
    said = [json.loads(row) for row in found]
    cells = [list(row.values()) if isinstance(row, dict) else row for row in said]
    assert all(isinstance(cell, str) for row in cells for cell in row)
    names, _, body = _text(content).lstrip("\r\n").replace("\r", "\n").partition("\n")
    if '"' not in names:
        assert sum(map(marks, (cell for row in cells for cell in row)), marks("")) == marks(body)
        if '"' not in body:
            assert len(found) == sum(line != "" for line in body.split("\n"))


def _text(content: bytes) -> str:
    """The text of a file that was taken, and so could be read: by its mark, by its zeros, else UTF-8."""
    for mark, encoding in ((b"\xff\xfe\0\0", "utf-32"), (b"\0\0\xfe\xff", "utf-32"), (b"\xff\xfe", "utf-16")):
        if content.startswith(mark):
            return content.decode(encoding)
    if content.startswith(b"\xfe\xff"):
        return content.decode("utf-16")
    if len(content) > 1 and content[:1] == b"\0" != content[1:2]:
        return content.decode("utf-16-be")
    return content.decode("utf-16-le" if content[1:2] == b"\0" != content[:1] else "utf-8-sig")


def parquet_of_purchases(content: bytes) -> None:
    """Whatever a broken file makes a library do, rows are JSON or there are none."""
    assert all(isinstance(json.loads(row), dict) for row in taken(content, "a.parquet") or ())


@fuzzed(200)
@given(mutated(CSV_SEEDS, CSV_TOKENS))
def test_csv_is_taken_whole_or_refused(content):
    csv_of_purchases(content)


@fuzzed(40)
@given(repeated(CSV_TOKENS, (b"", HEADER, HEADER + b'u1,"')))
@example(Repeated(b"", b","))
def test_csv_takes_time_by_its_length(file):
    csv_of_purchases(file.content)


@fuzzed(80)
@given(mutated(PARQUET_SEEDS, PARQUET_TOKENS))
def test_parquet_is_read_or_refused(content):
    parquet_of_purchases(content)


@fuzzed(40)
@given(mutated(CSV_SEEDS, CSV_TOKENS), st.sampled_from([".gz", ".bz2", ".zst"]), st.data())
def test_compressed_bytes_are_read_or_refused(content, suffix, data):
    whole = COMPRESS[suffix](content)
    broken = data.draw(mutated([whole], [b"\x1f\x8b", b"BZh9", b"\x28\xb5\x2f\xfd"]))
    found = taken(broken, f"a.csv{suffix}")
    if broken == whole:
        assert found == taken(content, "a.csv")
