"""Recordings of strangers: every row is sent as understood or as it was, or the file is refused in a sentence."""

from __future__ import annotations

import io
import json
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import example, given
from hypothesis import strategies as st

from producers.replay import delimited, objects
from producers.replay.options import Options
from producers.replay.replay import open_recording, title_records
from tests.fuzz.bounds import cpu_for, told_in_a_sentence
from tests.fuzz.hostile import Repeated, fuzzed, marks, mutated, repeated

NOW_MS = 1_800_000_000_000
HEADER = b"user_id,new_episode_id,event,ts,note\n"
CSV_SEEDS = (
    HEADER + b"m0001,m0002,like,1700000000,m0003\nm0004,m0005,m0006,2024-01-05 10:00,\nm0007,m0008,skip,m0009,x\n",
    HEADER
    + b'm0001,"m0002 ""a"", b",like,1700000000,"m0003\nm0004"\r\n"m0005",m0006,pause,,""\n\nm0007,m0008,skip,2,""\n',
    HEADER.replace(b",", b"\t") + b'm0001\tsay "m0002\tlike\t20240105\tm0003\n31.0\tm0004\trate\t5/6/2024\tm0005',
    b"userId::movieId::rating::timestamp\nm0001::m0002::4,5::1700000000\nm0003::m0004::9::m0005\n",
    b"sep=;\nsession_id;user_id;item_id;event_type;timestamp;price\nm0001;;m0002;cart;1/2/2024;1.234,50\n;m0003;m0004;x;;m0005",
    b",user,new_episode_id,event,ts,user,user,user_1\n0,m0001,m0002,like,1700000000,m0003,m0004,m0005\n",
    (HEADER + b"m0001,m0002,like,1700000000,m0003\n").decode().encode("utf-16"),
)
CSV_TOKENS = (b",", b";", b"\t", b"|", b"::", b'"', b'""', b'","', b"\n", b"\r", b"\r\n", b"\n\n", b"\0", b"\xff", b" ")
CSV_TOKENS += (
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"1.0",
    b"1e400",
    b"-1e18",
    b"nan",
    b"\xc2\x85",
    b"\x0b",
    b"a",
    b"\xe2\x80\xa8",
    b"\x1c",
    b'x",x,"y\n',
    b'\\"',
    b"sep=;\n",
    b"99999999999999999999",
    b"2024-02-30",
    b"\x1b[2J",
)

EVENTS = (
    {
        "user_id": "m0001",
        "new_episode_id": "m0002",
        "event": "like",
        "ts": 1_700_000_000,
        "note": {"a": ["m0003", 1.5]},
    },
    {"user_id": 31.0, "new_episode_id": "m0004", "event": "rate", "rating": 4.5, "ts": "2024-01-05T10:00:00Z"},
    {"user_id": "m0005", "new_episode_id": "ep\0 m0006", "event": "m0007", "ts": None, "m0008": "\ud83d\ude00 m0009"},
)
LINES = [json.dumps(event).encode() for event in EVENTS]
JSON_SEEDS = (
    b"\n".join(LINES),
    b"\r\n".join([*LINES, b"m0010 is no JSON", b'{"user_id": "m0011"}', b'["m0012"]', b""]),
    json.dumps(EVENTS).encode(),
    json.dumps(EVENTS, indent=2).encode(),
    ",".join(json.dumps(event, indent=1, ensure_ascii=False) for event in EVENTS).encode("utf-8", "replace"),
    b"\xef\xbb\xbf" + b",\n".join(LINES) + b",",
)
JSON_TOKENS = (
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b'\\"',
    b"\\",
    b":",
    b",",
    b"\n",
    b"\r\n",
    b"\0",
    b"\\u0000",
    b"\\ud800",
    b"\xff",
    b"NaN",
    b"1e400",
    b"-",
    b"123456789" * 9,
    b"null",
    b"true",
    b'{"a":',
    b'{"user_id":',
    b"{}",
    b"\xe2\x80\xa8",
    b"/*",
    b"'",
    b"}{",
    b"},{",
    b" ",
    b"\xed\xa0\x80",
)


def _parquet(**columns: pa.Array) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


NAMED = {
    "user_id": pa.array(["m0001", None]),
    "new_episode_id": pa.array([b"m0002", b"\xff"]),
    "event": pa.array(["like"] * 2),
}
PARQUET_SEEDS = (
    _parquet(**NAMED, ts=pa.array([0, 2**62], pa.timestamp("ns"))),
    _parquet(
        **NAMED,
        ts=pa.array([1.5, float("nan")]),
        tags=pa.array([[float("inf")], None]),
        day=pa.array([0, 2**30], pa.date32()),
    ),
    _parquet(
        **NAMED,
        ts=pa.array([1, 2]),
        n=pa.nulls(2),
        c=pa.array(["m0003", "x"]).dictionary_encode(),
        s=pa.array([{"a": b"m0004"}, {}]),
    ),
)
PARQUET_TOKENS = (b"PAR1", b"\0" * 8, b"\xff" * 8, b"\x15\x00", b"\x7f\xff\xff\xff", b"\x80\x80\x80\x80\x08")
VALUES = st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=8))
VALUES |= st.recursive(
    st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
)


def sent(content: bytes, name: str) -> list[bytes] | None:
    """What is sent for the rows of a file, each of which is counted once; None if it is refused."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(content)
        with cpu_for(len(content)), told_in_a_sentence():
            recording = open_recording(path, Options())
            with recording.read(NOW_MS) as (seen, records):
                found = list(records)
            rows = [record for record in found if record.kind != "derived complete"]
            assert sum(seen.rows) == len(rows) == recording.fate.total()
            assert all(finding.text.isprintable() for finding in seen.findings)
            for record in found:
                assert record.kind == "unreadable" or isinstance(json.loads(record.value), dict)
            return [record.value for record in found]
    return None


def csv_recording(content: bytes) -> None:
    """Each mark of the rows is in something that is sent."""
    values = sent(content, "a.csv")
    text = content.decode("utf-8", "surrogateescape")
    lines = [line for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n") if line.strip()]
    if values is None or not lines or b"\0" in content or content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return
    names = 2 if lines[0].lower().startswith("sep=") else 1
    assert not marks("\n".join(lines[names:])) - _marks_of(values)


def json_recording(content: bytes) -> None:
    """Each mark of a value is in something that is sent, but those that a later value of the same name hides."""
    values = sent(content, "a.json")
    if values is None or b'"user_id": {' in content or b"\0" in content:
        return
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return
    text = content.decode("utf-8", "surrogateescape")
    said = _marks_of(values)
    for line in text.split("\n"):
        assert not marks(_plainly(line)).keys() - said.keys(), line


def _plainly(line: str) -> str:
    """What a line of JSON says, without what one of two equal names hides; the line itself if it is none."""
    try:
        return json.dumps(json.loads(line.strip().rstrip(",")))
    except (ValueError, RecursionError):
        return line if not line.lstrip(" \ufeff").startswith(("{", "[", '"', "}", "]")) else ""


def _marks_of(values: list[bytes]):
    return sum((marks(value.decode("latin-1")) for value in values), marks(""))


@fuzzed(30)
@given(mutated(CSV_SEEDS, CSV_TOKENS))
@example(HEADER.replace(b"note", b"no\0te") + b"m0001,m0002,like,1,m0003\n")
@example(b"\x0b\n" + HEADER + b"m0001,m0002,like,1,m0003\n")
def test_every_row_of_csv_is_sent_or_the_file_refused(content):
    csv_recording(content)


@fuzzed(30)
@given(mutated(JSON_SEEDS, JSON_TOKENS))
@example(LINES[0].replace(b"1700000000", b"1e400"))
@example(LINES[0] + b"\n" + LINES[1].replace(b"m0004", b"\xff m0004"))
@example(LINES[0].replace(b"like", b"li\\u0000ke"))
def test_every_row_of_json_is_sent_or_the_file_refused(content):
    json_recording(content)


@fuzzed(25)
@given(mutated(PARQUET_SEEDS, PARQUET_TOKENS))
def test_parquet_is_sent_or_refused(content):
    sent(content, "a.parquet")


@fuzzed(40)
@given(repeated(CSV_TOKENS, (b"", HEADER, HEADER + b'm0001,"')))
@example(Repeated(HEADER, b'x",x,"y\n'))
def test_lines_take_time_by_their_length(file):
    text = file.content.decode("utf-8", "surrogateescape").replace("\r\n", "\n").replace("\r", "\n")
    with cpu_for(len(text)):
        lines = text.splitlines(keepends=True)
        dialect = delimited.dialect_of(text[:65_536], ("a", "b", "c"))
        found = list(delimited.batches(iter(lines), dialect))
    rows = sum(len(batch.lines) + len(batch.broken) for batch in found)
    assert rows <= len(lines)


@fuzzed(40)
@given(repeated(JSON_TOKENS, (b"", b'{"a":', b'["', b'{"')))
@example(Repeated(b'{"', b'\\"'))
@example(Repeated(b"[", b"{a}"))
def test_objects_take_time_by_their_length(file):
    text = file.content.decode("utf-8", "surrogateescape")
    with cpu_for(len(text)), told_in_a_sentence():
        objects.decoded(text)
        objects.is_by_line(text)
        list(objects.by_brackets(io.StringIO(text), Path("a.json")))


@fuzzed(10)
@given(
    st.lists(
        st.dictionaries(st.sampled_from(["user_id", "ts", "event", "new_episode_id", "x", "\0", ""]), VALUES),
        max_size=8,
    )
)
@example([{"event": "li\0ke"}])
def test_objects_of_any_values_are_sent(events):
    known = [{"user_id": "u", "new_episode_id": "e", "event": "like", "ts": 1}, *events]
    content = "\n".join(json.dumps(event) for event in known).encode()
    found = sent(content, "a.jsonl")
    assert found is not None
    assert len(found) == len(known)


@fuzzed(8)
@given(mutated([b"movieId,title,genres\nm0001,m0002 (1995),A|B\nm0003,m0004,\n"], CSV_TOKENS))
def test_titles_are_sent_or_refused(content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "movies.csv")
        path.write_bytes(content)
        with cpu_for(len(content)), told_in_a_sentence():
            assert all(record.value for record in title_records(path))
