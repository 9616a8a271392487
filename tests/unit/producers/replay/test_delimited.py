"""CSV as the world writes it: every row that is one arrives, and each other line is told with its number."""

from __future__ import annotations

import bz2
import gzip
import lzma
import time

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lakehouse.errors import InputFileError
from producers.replay.delimited import batches, dialect_of
from tests.unit.producers.replay.looked_at import sent, told, written

HEADER = "user_id,new_episode_id,event,ts\n"
NAMES = ("user_id", "new_episode_id", "event", "ts")


def line(number: int, user: str | None = None, delimiter: str = ",") -> str:
    return delimiter.join((user or f"u{number}", "ep", "like", str(1_700_000_000 + number)))


def users(events: list[dict]) -> list[str]:
    return [event["user_id"] for event in events if "user_id" in event]


@pytest.mark.parametrize(
    "broken",
    [
        '"u,ep,like,1700000100',
        'u,"ep,like,1700000100',
        'u,ep,like,"1700000100',
        '"u" x,ep,like,1700000100',
        '"u,ep,like,1700000100\n"v,ep,like,1700000100',
    ],
)
def test_a_quote_that_is_never_closed_costs_its_own_line_only(tmp_path, broken):
    lines = [line(n) if n % 2 else line(n, f'"u{n}"') for n in range(2_000)]
    lines[1_000:1_000] = broken.split("\n")
    path = written(tmp_path / "a.csv", HEADER + "\n".join(lines) + "\n")

    events = sent(path)
    _, survey = told(path)

    assert sorted(users(events)) == sorted(f"u{n}" for n in range(2_000))
    assert [event["value"].decode() for event in events if "kind" in event] == sorted(broken.split("\n"))
    number = broken.count("\n") + 1
    assert [finding.text for finding in survey.findings] == [
        f"{number} rows: quotes that do not match (first line 1002 of a.csv)."
    ]
    assert survey.rows == (2_000 + number,)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ('"Desk 24"", oak"', 'Desk 24", oak'),
        ('"Desk 24\\", oak"', 'Desk 24", oak'),
        ('"two\nlines"', "two\nlines"),
        ('5" disk', '5" disk'),
        (' "a, b"', "a, b"),
    ],
)
def test_what_quotes_keep_together_is_one_value(tmp_path, text, title):
    path = written(tmp_path / "a.csv", f"title,{HEADER}{text},{line(1)}\nplain,{line(2)}\n")

    assert [event["title"] for event in sent(path)] == [title, "plain"]


def test_quotes_in_text_between_tabs_are_text(tmp_path):
    rows = ['"Heroes" live', '"Weird Al', "plain", '12" mix']
    lines = "".join(f"{title}\t{line(n, delimiter=chr(9))}\n" for n, title in enumerate(rows))
    path = written(tmp_path / "a.tsv", "title\t" + HEADER.replace(",", "\t") + lines)

    assert [event["title"] for event in sent(path)] == rows


@pytest.mark.parametrize("ends", [("\n", "\r\n"), ("\r\n",), ("\r",), ("\n", "\r", "\r\n\r\n")])
@pytest.mark.parametrize("last", ["", "\n"])
def test_line_ends_of_every_kind_are_one(tmp_path, ends, last):
    lines = [line(n) for n in range(100)]
    text = HEADER + "".join(row + ends[n % len(ends)] for n, row in enumerate(lines))

    assert users(sent(written(tmp_path / "a.csv", text.rstrip("\r\n") + last))) == [f"u{n}" for n in range(100)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_is_recognised(tmp_path, encoding):
    path = written(tmp_path / "a.csv", (HEADER + line(1, "jürgen") + "\n").encode(encoding))

    assert users(sent(path)) == ["jürgen"]


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_other_text_is_refused_with_its_line_and_read_as_what_it_is_said_to_be(tmp_path, encoding):
    path = written(tmp_path / "a.csv", (HEADER + line(1) + "\n" + line(2, "jürgen") + "\n").encode(encoding))

    with pytest.raises(
        InputFileError, match=r"Nothing .* 1 rows: bytes that are not UTF-8 \(first line 3 of a.csv\).*"
    ):
        sent(path)

    assert users(sent(path, encoding=encoding)) == ["u1", "jürgen"]
    assert [event.get("kind") for event in sent(path, encoding="utf-8")] == [None, "unreadable"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "::"])
def test_the_delimiter_is_found_out(tmp_path, delimiter):
    path = written(tmp_path / "a.csv", HEADER.replace(",", delimiter) + line(1, "a b.c", delimiter) + "\n")

    assert users(sent(path)) == ["a b.c"]


def test_a_line_for_excel_is_no_row(tmp_path):
    path = written(tmp_path / "a.csv", "sep=;\r\n" + HEADER.replace(",", ";") + line(1, delimiter=";") + "\r\n")

    assert users(sent(path)) == ["u1"]


def test_nuls_blank_lines_and_a_delimiter_at_the_end_do_no_harm(tmp_path):
    path = written(tmp_path / "a.csv", f"\n{HEADER}\n{line(1, 'u' + chr(0) + '1')}\n  \n{line(2)},\n")

    assert users(sent(path)) == ["u1", "u2"]


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz", ".zst", ""])
def test_compressed_copies_are_read_whatever_they_are_called(tmp_path, suffix):
    text = (HEADER + line(1) + "\n").encode()
    pack = {".bz2": bz2.compress, ".xz": lzma.compress, ".zst": lambda data: pa.compress(data, "zstd", asbytes=True)}

    path = written(tmp_path / f"a.csv{suffix}", pack.get(suffix, gzip.compress)(text))

    assert users(sent(path)) == ["u1"]


def test_a_compressed_file_that_is_cut_is_refused(tmp_path):
    whole = gzip.compress((HEADER + "\n".join(line(n * 7919) for n in range(50_000))).encode())

    with pytest.raises(InputFileError, match=r"a\.csv\.gz cannot be read"):
        sent(written(tmp_path / "a.csv.gz", whole[: len(whole) // 2]))


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx"])
def test_a_workbook_is_refused_with_what_to_do(tmp_path, name):
    with pytest.raises(InputFileError, match=r"save it as CSV|has no extension that tells"):
        sent(written(tmp_path / name, b"PK\x03\x04" + bytes(100)))


def test_columns_are_named_for_a_file_that_does_not(tmp_path):
    path = written(tmp_path / "a.txt", line(1) + "\n" + line(2) + "\n")

    assert users(sent(path, columns=NAMES)) == ["u1", "u2"]
    with pytest.raises(InputFileError, match="If its first line names no columns, give `--columns a,b,c`"):
        sent(path)


def test_a_first_line_that_names_the_given_columns_is_no_row(tmp_path):
    assert users(sent(written(tmp_path / "a.csv", HEADER + line(1)), columns=NAMES)) == ["u1"]


def test_the_index_that_pandas_writes_is_no_column(tmp_path):
    (event,) = sent(written(tmp_path / "a.csv", f",{HEADER}0,{line(1)}\n"))

    assert event.keys() == {"event_id", *NAMES}


def test_every_row_of_many_batches_arrives(tmp_path):
    rows = [line(n, f'"u{n}"' if n % 60_000 == 59_999 else None) for n in range(130_000)]
    recording, survey = told(written(tmp_path / "a.csv", HEADER + "\n".join(rows)))

    assert survey.rows == (130_000,)
    assert recording.fate == {("a.csv", "event"): 130_000}


FIELD = st.text(st.sampled_from('ab ,;"\n\t\\é|'), max_size=6)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(FIELD, FIELD, FIELD), max_size=20), delimiter=st.sampled_from(",;|"))
def test_what_is_written_by_the_rules_is_read_back(rows, delimiter):
    text = "".join(delimiter.join('"' + f.replace('"', '""') + '"' for f in row) + "\n" for row in rows)
    dialect = dialect_of(delimiter.join("xyz") + "\n", None)

    found = list(batches(iter(("header\n" + text).splitlines(keepends=True)), dialect))

    assert [row for batch in found for row in zip(*batch.columns, strict=True)] == rows
    assert not any(batch.broken for batch in found)


@settings(max_examples=150)
@given(lines=st.lists(st.text(st.sampled_from('ab,"'), min_size=1, max_size=8), max_size=30))
def test_no_line_is_lost_whatever_it_is(lines):
    dialect = dialect_of("x,y,z\n", None)

    found = list(batches(iter(["header\n", *(text + "\n" for text in lines)]), dialect))

    rows = [row for batch in found for row in zip(*batch.columns, strict=True)]
    in_rows = sum(1 + "".join(row).count("\n") for row in rows)
    assert in_rows + sum(len(batch.broken) for batch in found) == len(lines)


def test_quotes_that_open_in_every_line_cost_time_by_the_line():
    lines = ['x",x,"y\n'] * 3_000
    started = time.process_time()

    found = list(batches(iter(["a,b,c\n", *lines]), dialect_of("a,b,c\n", ("a", "b", "c"))))

    assert sum(len(batch.broken) + len(batch.lines) for batch in found) == 3_000
    assert time.process_time() - started < 10


@pytest.mark.parametrize("name", ["no\0te", "no\x0bte", "no\u2028te"])
def test_a_name_with_characters_that_are_not_seen_costs_no_row(tmp_path, name):
    path = written(tmp_path / "a.csv", f"user_id,new_episode_id,event,{name},ts\nu1,ep,like,x,1\nu2,ep,like,x,2\n")

    assert users(sent(path)) == ["u1", "u2"]


def test_columns_of_one_name_all_stay(tmp_path):
    (event,) = sent(written(tmp_path / "a.csv", HEADER.replace("ts", "a,a,a_1,a,ts") + "u1,ep,like,1,2,3,4,5\n"))

    assert [event[name] for name in ("a", "a_1", "a_2", "a_3")] == ["1", "3", "2", "4"]


def test_lines_and_tables_without_end_are_refused_with_a_sentence(tmp_path):
    with pytest.raises(InputFileError, match="line 3 is longer than 1,000,000 characters"):
        sent(written(tmp_path / "a.csv", f"{HEADER}{line(1)}\n{'x' * 1_000_001}\n"))
    with pytest.raises(InputFileError, match="has 2,005 columns, at most 2,000 can be read"):
        sent(written(tmp_path / "a.csv", HEADER.strip() + "," * 2_001 + "\n"))
    with pytest.raises(InputFileError) as raised:
        sent(written(tmp_path / "a.csv", ",".join(f"column{n}" for n in range(1_900)) + "\n1\n"))
    assert len(str(raised.value)) < 3_000
