"""Sizes that fill memories and disks: bombs, endless lines, deep nesting, dictionaries, all in bounded memory."""

from __future__ import annotations

import gzip
import json
import zlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bronze import json_lines
from bronze.file_rows import rows
from bronze.folder import see
from bronze.purchases import KINDS
from bronze.staging import Staging, numbered
from lakehouse import compression
from lakehouse.errors import InputFileError
from producers.replay.options import Options
from producers.replay.replay import event_records
from silver.transcripts.formats import clean_text
from tests.fuzz.bounds import LONGEST_SENTENCE, cpu_for, memory_of, told_in_a_sentence

MEGABYTE = 1 << 20
HEADER = b"user_id,new_episode_id,event,ts\n"
EVENT = {"user_id": "u", "new_episode_id": "e", "event": "like", "ts": 1}
LINE = json.dumps(EVENT).encode()


def endless(piece: bytes, mebibytes: int, start: bytes = b"") -> bytes:
    """The gzip of a start and so much of a piece, without ever having it in memory."""
    packer = zlib.compressobj(wbits=31)
    whole = piece * (MEGABYTE // len(piece))
    return packer.compress(start) + b"".join(packer.compress(whole) for _ in range(mebibytes)) + packer.flush()


@pytest.fixture(autouse=True)
def small_bombs(monkeypatch):
    """Bombs of another size: what counts is that they are noticed."""
    monkeypatch.setattr(compression, "BOMB_BYTES", 4 * MEGABYTE)


@pytest.mark.parametrize("name", ["a.csv.gz", "a.parquet.gz"])
def test_a_bomb_among_purchases_is_refused(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(endless(b"u1,i1,129.90,2024-05-01\n", 40, b"user_id,item_id,a,b\n"))
    with memory_of(100), cpu_for(500 * MEGABYTE), pytest.raises(InputFileError, match="more than 200 times as large"):
        Staging(tmp_path / "staged").add(numbered(rows(see(path, KINDS))))


@pytest.mark.parametrize(
    ("name", "piece", "start"),
    [
        ("a.csv.gz", b"a", HEADER),
        ("a.jsonl.gz", b" ", LINE + b"\n"),
        ("a.json.gz", b"[", b"[" + LINE + b',{"a":'),
        ("a.json.gz", b" ", b"[" + LINE),
        ("a.csv.gz", b"\0", b""),
    ],
)
def test_a_bomb_among_recordings_is_refused(tmp_path, name, piece, start):
    path = tmp_path / name
    path.write_bytes(endless(piece, 40, start))
    with memory_of(500), cpu_for(200 * MEGABYTE), pytest.raises(InputFileError) as raised:
        list(event_records(path, Options()))
    assert len(str(raised.value)) < LONGEST_SENTENCE


@pytest.mark.parametrize("name", ["a.csv.gz", "a.jsonl.gz"])
def test_a_line_without_end_is_refused_before_it_fills_the_memory(tmp_path, monkeypatch, name):
    monkeypatch.setattr(compression, "BOMB_BYTES", 1 << 40)
    path = tmp_path / name
    path.write_bytes(endless(b"a", 200, HEADER if ".csv" in name else LINE + b"\n"))
    with memory_of(150), pytest.raises(InputFileError, match="line 2 is longer than"):
        list(event_records(path, Options()))


def test_dictionaries_that_stand_for_gigabytes_are_unpacked_by_pieces(tmp_path):
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * 10_000, pa.int32()), pa.array(["x" * MEGABYTE]))
    pq.write_table(pa.table({"user_id": texts}), tmp_path / "a.parquet")
    with memory_of(450):
        found = rows(see(tmp_path / "a.parquet", KINDS))
        assert all(len(next(found)) > MEGABYTE for _ in range(150))


def test_pages_that_unpack_to_gigabytes_are_refused(tmp_path):
    table = pa.table({"user_id": pa.array(["x" * MEGABYTE] * 100)})
    pq.write_table(table, tmp_path / "a.parquet", compression="zstd", use_dictionary=False)
    with memory_of(100), pytest.raises(InputFileError, match="more than 200 times as large"):
        list(rows(see(tmp_path / "a.parquet", KINDS)))


@pytest.mark.parametrize("opening", ["<b>", "[", '{"a":', "<i>&lt;", "{\\"])
def test_what_is_nested_without_end_is_words_or_none(opening):
    with memory_of(600), cpu_for(MEGABYTE), told_in_a_sentence():
        clean_text("say " + opening * (MEGABYTE // len(opening)))


def test_a_long_line_of_a_landing_file_takes_some_times_its_size(tmp_path):
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(endless(b"a", 64, LINE + b"\n"))
    lines = Staging(tmp_path / "staged")
    with memory_of(6 * 64), gzip.open(path) as plain:
        assert lines.add(json_lines.pieces(plain, 0)) == (0, 2)
