"""Rows of purchase files, however they are written, called and compressed; no Spark."""

import bz2
import codecs
import datetime as dt
import gzip
import json
import os
import time

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bronze.file_rows import rows
from bronze.folder import see
from bronze.purchases import KINDS
from lakehouse import compression
from lakehouse.errors import InputFileError, UnfinishedFileError

HEADER = "user_id,item_id,purchase_amount,purchase_date\n"
ROW = "u1,i1,129.90,2024-05-01\n"
PURCHASE = {"user_id": "u1", "item_id": "i1", "purchase_amount": "129.90", "purchase_date": "2024-05-01"}


def zstd(data):
    return pa.compress(data, codec="zstd", asbytes=True)


COMPRESSED = {"gz": gzip.compress, "bz2": bz2.compress, "zst": zstd}


@pytest.fixture
def read(tmp_path):
    """Write bytes or text under a name and read the rows of that file."""

    def written_and_read(content, name="sales.csv", age=0.0):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        if age:
            os.utime(path, (path.stat().st_atime, path.stat().st_mtime - age))
        return [json.loads(row) for row in rows(see(path, KINDS))]

    return written_and_read


@pytest.mark.parametrize(
    "name", ["January sales.csv", "müller.csv", "50%25.csv", "#1's.CSV", "a{b}[c]*?.csv", "a\nb.csv"]
)
def test_a_file_is_read_whatever_it_is_called(read, name):
    assert read(HEADER + ROW, name) == [PURCHASE]


def test_quotes_inside_quotes_are_doubled_and_line_breaks_inside_them_are_text(read):
    text = HEADER + 'u1,"Desk 24"", oak",4711.00,2024-05-01\r\n"u\n2","a ""b""",1,2024-05-02\n'

    assert [(row["user_id"], row["item_id"], row["purchase_amount"]) for row in read(text)] == [
        ("u1", 'Desk 24", oak', "4711.00"),
        ("u\n2", 'a "b"', "1"),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_they_like(read, end):
    assert read((HEADER + ROW + ROW).replace("\n", end)) == [PURCHASE, PURCHASE]


def test_lines_of_one_file_may_end_differently(read):
    assert read(HEADER + ROW.replace("\n", "\r\n") + ROW + "\r\r\n" + ROW) == [PURCHASE] * 3


@pytest.mark.parametrize(
    "content",
    [
        codecs.BOM_UTF8 + (HEADER + ROW).encode(),
        (HEADER + ROW).encode("utf-16"),
        codecs.BOM_UTF16_BE + (HEADER + ROW).encode("utf-16-be"),
        (HEADER + ROW).encode("utf-16-le"),
        (HEADER + ROW).encode("utf-16-be"),
        (HEADER + ROW).encode("utf-32"),
    ],
)
def test_unicode_is_read_in_each_of_its_encodings(read, content):
    assert read(content) == [PURCHASE]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters_are_recognised_by_the_names_of_columns(read, delimiter):
    assert read((HEADER + ROW).replace(",", delimiter)) == [PURCHASE]


def test_a_row_of_too_many_fields_keeps_them_and_has_no_columns(read):
    assert read(HEADER + "u1,Desk, oak,12,2024-05-01\n" + ROW) == [["u1", "Desk", " oak", "12", "2024-05-01"], PURCHASE]


def test_empty_fields_behind_the_last_column_and_blank_lines_are_nothing(read):
    assert read("\n" + HEADER + ROW.replace("\n", ",,\n") + "\n\n" + ROW) == [PURCHASE, PURCHASE]


def test_columns_without_a_name_have_a_number(read):
    assert read(",user_id,\n0,u1,x\n") == [{"column 1": "0", "user_id": "u1", "column 3": "x"}]


def test_a_file_of_names_alone_has_no_rows(read):
    assert read(HEADER) == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (HEADER + ROW + 'u1,"i1,1,2024-05-01\n' + ROW, "a quote in the row of line 3 is never closed"),
        (HEADER + ROW + 'u1,"i1,1,2024-05-01\n' + ROW * 20_000, "a quote in the row of line 3 is never closed"),
        (HEADER + 'u1,"a "b" c",1,2024-05-01\n', "line 2 has a quote inside quotes that is not doubled"),
        (b"user_id,item_id\nM\xfcller,i1\n", "it is not UTF-8"),
        ("user_id,item_id,user_id\nu1,i1,u2\n", "more than one column user_id"),
        ("\n\n", "it is empty"),
        ("a" * 2_000_000 + "\n", "line 1 is longer than 1,000,000 characters"),
    ],
)
def test_what_breaks_the_rules_is_refused_with_its_line(read, content, reason):
    with pytest.raises(InputFileError, match=reason):
        read(content)


@pytest.mark.parametrize("suffix", COMPRESSED)
def test_compressed_copies_are_read(read, suffix):
    compress = COMPRESSED[suffix]
    frame = pd.DataFrame([PURCHASE])

    assert read(compress((HEADER + ROW).encode()), f"sales.csv.{suffix}") == [PURCHASE]
    assert read(compress(frame.to_parquet()), f"sales.PARQUET.{suffix.upper()}") == [PURCHASE]
    assert read(compress(HEADER.encode()) + compress(ROW.encode()), f"two.csv.{suffix}") == [PURCHASE]


@pytest.mark.parametrize("suffix", COMPRESSED)
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
def test_a_compressed_copy_that_ends_too_early_waits(read, suffix, kept):
    noise = "".join(f"u{n * 7919 % 10_007},i{n},1,2024-05-01\n" for n in range(3_000))
    whole = COMPRESSED[suffix]((HEADER + noise).encode())

    with pytest.raises(UnfinishedFileError, match="compressed bytes end too early"):
        read(whole[: int(len(whole) * kept)], f"sales.csv.{suffix}", age=7200)


@pytest.mark.parametrize("suffix", COMPRESSED)
def test_what_is_not_compressed_as_its_name_says_is_refused(read, suffix):
    with pytest.raises(InputFileError, match="cannot be read as what its name says"):
        read(HEADER + ROW, f"sales.csv.{suffix}")


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        ("", "sales.csv", "it is empty"),
        (HEADER + "u1,i1,129.", "sales.csv", "its last line has no end"),
        ((HEADER + ROW + "u1").encode("utf-16"), "sales.csv", "its last line has no end"),
        (b"PAR1 and nothing else", "sales.parquet", "it has no Parquet footer"),
        (b"", "sales.parquet", "it is empty"),
    ],
)
def test_a_file_that_has_no_end_waits(read, content, name, reason):
    with pytest.raises(UnfinishedFileError, match=reason):
        read(content, name)


def test_a_last_line_that_has_got_no_end_for_an_hour_is_taken_as_it_is(read):
    assert read(HEADER + ROW.rstrip(), age=3700) == [PURCHASE]


def test_a_broken_footer_is_refused(read):
    with pytest.raises(InputFileError, match="cannot be read as what its name says"):
        read(b"PAR1 garbage PAR1", "sales.parquet")


def test_parquet_by_pandas_with_its_default_timestamps_is_read(read, tmp_path):
    frame = pd.DataFrame({"user_id": [31.0, None, 2.5], "at": pd.to_datetime(["2024-05-01 10:00:00.123456789"] * 3)})
    table = pa.Table.from_pandas(frame)
    assert table.schema.field("at").type == pa.timestamp("ns")
    pq.write_table(table, tmp_path / "ns.parquet")

    assert read((tmp_path / "ns.parquet").read_bytes(), "sales.parquet") == [
        {"user_id": 31, "at": "2024-05-01 10:00:00.123456"},
        {"at": "2024-05-01 10:00:00.123456"},
        {"user_id": 2.5, "at": "2024-05-01 10:00:00.123456"},
    ]


def test_values_of_parquet_are_read_as_what_they_say(read, tmp_path):
    noon = dt.datetime(2024, 5, 1, 12, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    table = pa.table(
        {
            "bytes": pa.array([b"u1"], pa.binary()),
            "large": pa.array([b"u1"], pa.large_binary()),
            "fixed": pa.array([b"u1"], pa.binary(2)),
            "no text": pa.array([b"\xff1"], pa.binary()),
            "category": pa.array(["u1"]).dictionary_encode(),
            "category of bytes": pa.array([b"u1"]).dictionary_encode(),
            "zoned": pa.array([noon], pa.timestamp("ms", "Europe/Berlin")),
            "day": pa.array([dt.date(2024, 5, 1)]),
            "decimal": pa.array(["12.30"]).cast(pa.decimal128(9, 2)),
            "large number": pa.array([2**63], pa.uint64()),
            "no number": pa.array([float("nan")]),
            "nothing": pa.nulls(1),
        }
    )
    pq.write_table(table, tmp_path / "kinds.parquet")

    assert read((tmp_path / "kinds.parquet").read_bytes(), "sales.parquet") == [
        {
            **dict.fromkeys(("bytes", "large", "fixed", "category", "category of bytes"), "u1"),
            "no text": "\\xff1",
            "zoned": "2024-05-01 10:00:00.000000Z",
            "day": "2024-05-01",
            "decimal": "12.30",
            "large number": 2**63,
        }
    ]


def test_whole_numbers_beside_a_gap_are_whole_numbers_as_in_a_replay(read):
    rows = "31.0,1.0,4.5,a\n,2.0,4.0,1.0\n NaN,3,3.0,2.0\n"

    assert [list(row.values()) for row in read("user_id,item_id,amount,code\n" + rows)] == [
        ["31", "1", "4.5", "a"],
        ["", "2", "4.0", "1.0"],
        [" NaN", "3", "3.0", "2.0"],
    ]


def test_prices_keep_their_cents(read):
    assert read("amount\n129.00\n5.00\n") == [{"amount": "129.00"}, {"amount": "5.00"}]


def test_names_without_end_cost_time_by_their_number(read):
    started = time.process_time()

    assert read("," * 50_000 + "\n") == []
    assert time.process_time() - started < 5


def test_what_a_stranger_wrote_is_shown_as_no_terminal_obeys_it(read):
    with pytest.raises(InputFileError, match=r"more than one column a\\x1b\[2J: rename"):
        read("a\x1b[2J,a\x1b[2J\n1,2\n")


@pytest.mark.parametrize("suffix", COMPRESSED)
def test_bytes_that_are_made_to_become_endlessly_many_are_refused(read, monkeypatch, suffix):
    monkeypatch.setattr(compression, "BOMB_BYTES", 1 << 20)
    content = (HEADER + ROW * 400_000).encode()

    with pytest.raises(InputFileError, match="more than 200 times as large"):
        read(COMPRESSED[suffix](content), f"sales.csv.{suffix}")


def test_a_dictionary_that_stands_for_gigabytes_is_unpacked_by_pieces(tmp_path):
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * 5_000, pa.int32()), pa.array(["x" * 1_000_000]))
    pq.write_table(pa.table({"user_id": texts}), tmp_path / "a.parquet")

    found = rows(see(tmp_path / "a.parquet", KINDS))

    assert [len(next(found)) for _ in range(100)] == [len('{"user_id": ""}') + 1_000_000] * 100
