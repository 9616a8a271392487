"""What lies in the folder of purchases and which of it is a file to read; no Spark."""

import os
import shutil
import threading
import time
from pathlib import Path

import pytest

from bronze.folder import Inbox, look, see, unsettled
from bronze.purchases import KINDS


def purchases(path):
    return Inbox(path, "purchases", "PURCHASES_PATH", KINDS)


def landing(path):
    return Inbox(path, "clickstream", "VOLUME", (".jsonl",), is_nested=True)


def test_each_entry_that_is_no_file_to_read_says_why(tmp_path):
    (tmp_path / "a.csv").write_text("x\n")
    (tmp_path / "archive.tar.gz").write_text("x\n")
    (tmp_path / "notes.txt").write_text("x\n")
    (tmp_path / ".a.csv.Xy12").write_text("x\n")
    (tmp_path / "b.csv.part").write_text("x\n")
    (tmp_path / "year.parquet").mkdir()
    (tmp_path / "link.csv").symlink_to(tmp_path / "a.csv")
    (tmp_path / "lost.csv").symlink_to(tmp_path / "nowhere.csv")
    (tmp_path / "round.csv").symlink_to(tmp_path / "round.csv")
    os.mkfifo(tmp_path / "pipe.csv")

    faults = {entry.path.name: (entry.fault or "", entry.is_hidden) for entry in look(purchases(tmp_path))}

    assert {name for name, (_, hidden) in faults.items() if hidden} == {".a.csv.Xy12", "b.csv.part"}
    for name, reason in {
        "a.csv": "",
        "link.csv": "",
        "archive.tar.gz": "it is none of",
        "notes.txt": "it is none of",
        ".a.csv.Xy12": "its name starts with a dot",
        "b.csv.part": "its name ends as those of unfinished files do",
        "year.parquet": "it is a folder",
        "lost.csv": "it is a link to nothing",
        "round.csv": "it cannot be looked at",
        "pipe.csv": "it is no file but a pipe",
    }.items():
        assert faults[name][0].startswith(reason), name
        assert bool(faults[name][0]) == bool(reason), name


@pytest.mark.parametrize(
    ("name", "kind", "compression"),
    [
        ("a.csv", ".csv", ""),
        ("May 2024.v2.CSV.GZ", ".csv", ".gz"),
        ("a.parquet.zst", ".parquet", ".zst"),
        ("a.gz", "", ".gz"),
        ("csv", "", ""),
    ],
)
def test_the_name_says_how_to_read_a_file(tmp_path, name, kind, compression):
    seen = see(tmp_path / name, KINDS)

    assert (seen.kind, seen.compression) == (kind, compression)


def test_a_name_of_any_bytes_is_text_of_one_line(tmp_path):
    path = os.fsdecode(os.fsencode(tmp_path / "M") + b"\xfcller\n.csv")
    Path(path).touch()

    [entry] = look(purchases(tmp_path))

    assert entry.name.endswith("/M\\xfcller\\n.csv")
    assert entry.fault is None


def test_no_two_places_have_one_name(tmp_path):
    for name in ("a\tb.csv", r"a\tb.csv", r"a\\tb.csv"):
        (tmp_path / name).touch()

    assert len({entry.name for entry in look(purchases(tmp_path))}) == 3


def test_what_goes_while_somebody_looks_is_left_to_the_next_run(tmp_path, monkeypatch):
    for name in ("cleared/x.jsonl", "stays.jsonl", ".renamed.jsonl"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    listed = os.scandir

    def clearing(folder):
        if str(folder).endswith("cleared"):
            shutil.rmtree(folder)
            (tmp_path / ".renamed.jsonl").unlink()
        return listed(folder)

    monkeypatch.setattr(os, "scandir", clearing)

    assert [entry.path.name for entry in look(landing(tmp_path))] == ["stays.jsonl"]


def test_landing_folders_are_looked_into_but_hidden_ones_and_links(tmp_path):
    for name in ("b/c/ü 1.jsonl", "b/d.JSONL.gz", "a.jsonl.zst", "_temporary/x.jsonl", "b/.git/x.jsonl", "a.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}\n")
    (tmp_path / "round").symlink_to(tmp_path)

    found = {str(entry.path.relative_to(tmp_path)): entry.fault for entry in look(landing(tmp_path))}

    assert [name for name, fault in found.items() if not fault] == ["a.jsonl.zst", "b/c/ü 1.jsonl", "b/d.JSONL.gz"]
    assert {name: fault.split(",")[0] for name, fault in found.items() if fault} == {
        "_temporary": "its name starts with a dot or an underscore",
        "a.json": "it is none of .jsonl",
        "b/.git": "its name starts with a dot or an underscore",
        "round": "it is a link to a folder",
    }


def test_a_folder_that_nobody_made_is_empty(tmp_path):
    assert look(landing(tmp_path / "nowhere")) == []


def test_a_file_that_has_long_been_there_is_not_waited_for(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("x\n")
    os.utime(path, (0, path.stat().st_mtime - 60))
    started = time.monotonic()

    assert not unsettled(look(purchases(tmp_path)), 30)
    assert time.monotonic() - started < 20


def test_a_file_that_grows_while_it_is_waited_for_is_not_settled(tmp_path):
    for name in ("growing.csv", "at rest.csv"):
        (tmp_path / name).write_text("x\n")
    entries = look(purchases(tmp_path))
    is_over = threading.Event()

    def grow():
        while not is_over.is_set():
            with (tmp_path / "growing.csv").open("a") as file:
                file.write("x\n")

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        assert unsettled(entries, 0.2) == {tmp_path / "growing.csv"}
    finally:
        is_over.set()
        writer.join()
