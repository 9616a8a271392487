"""A state file that no longer tells the truth is recognised."""

import os
import subprocess
import sys

import pytest

from lakehouse.services.state import Place, ProcessId, Record


@pytest.fixture
def place(tmp_path):
    place = Place(tmp_path, "kafka")
    place.folder.mkdir(parents=True)
    return place


def record(place, process, holders=()):
    return Record(port=9092, data=place.data, process=process, kept=True, holders=holders)


def test_a_living_process_is_read_back(place):
    written = record(place, ProcessId.current(), (ProcessId.current(),))

    place.write(written)

    assert place.read() == written


def test_a_dead_process_is_left_out_but_its_port_is_remembered(place):
    ended = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process = ProcessId.of(ended.pid)
    ended.communicate(b"\n")

    place.write(record(place, process))

    assert place.read() == Record(port=9092, data=place.data)


def test_a_process_that_was_not_reaped_yet_is_dead(place):
    ended = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process = ProcessId.of(ended.pid)
    ended.stdin.close()
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)

    assert not process.alive()
    ended.wait()


def test_another_process_with_the_same_number_is_not_taken_for_the_service(place):
    mine = ProcessId.current()

    place.write(record(place, ProcessId(pid=mine.pid, created=mine.created - 3600)))

    assert place.read() == Record(port=9092, data=place.data)


def test_holders_that_ended_are_left_out(place):
    mine = ProcessId.current()
    gone = ProcessId(pid=mine.pid, created=mine.created - 3600)

    place.write(record(place, mine, (gone, mine)))

    assert place.read().holders == (mine,)


@pytest.mark.parametrize("content", ["", "{", '{"pid": 1}'])
def test_a_damaged_state_file_counts_as_none(place, content):
    place.state.write_text(content)

    assert place.read() is None
