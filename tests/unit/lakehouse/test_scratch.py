"""Scratch folders: gone with their run, however it ended."""

import os
import subprocess
import sys
import time

import pytest

from lakehouse.lake import Lakehouse
from lakehouse.scratch import remove_abandoned, scratch_folder
from lakehouse.settings import Settings

KILLED = """
import os, signal, sys
from pathlib import Path
from lakehouse.lake import Lakehouse
from lakehouse.scratch import scratch_folder
from lakehouse.settings import Settings
with scratch_folder(Lakehouse(Settings(reclake_home=Path(sys.argv[1])), spark=object())) as scratch:
    (scratch.folder / "rows").mkdir()
    os.kill(os.getpid(), signal.SIGKILL)
"""
DAY = 86_400


@pytest.fixture
def lake(tmp_path):
    return Lakehouse(Settings(reclake_home=tmp_path), spark=object())


def folders(lake):
    return list((lake.settings.files / "scratch").iterdir())


def test_a_folder_is_removed_with_its_block_and_not_by_another_run(lake):
    with scratch_folder(lake) as first:
        with scratch_folder(lake) as second:
            assert {*folders(lake)} == {first.folder, second.folder}
        assert folders(lake) == [first.folder]
    assert folders(lake) == []


def test_what_a_killed_run_left_is_removed_by_the_next(lake):
    subprocess.run([sys.executable, "-c", KILLED, str(lake.settings.home)], check=False, env=os.environ)
    assert len(folders(lake)) == 1

    with scratch_folder(lake) as mine:
        assert folders(lake) == [mine.folder]


@pytest.mark.parametrize(("days", "is_left"), [(6, True), (8, False)])
@pytest.mark.parametrize("owner", [None, '{"machine":"another","process":{"pid":1,"created":1}}', '{"mach'])
def test_what_nobody_here_knows_the_owner_of_is_removed_when_no_run_takes_so_long(tmp_path, owner, days, is_left):
    folder = tmp_path / "7f"
    folder.mkdir()
    if owner:
        (folder / "_owner.json").write_text(owner)

    remove_abandoned(tmp_path, time.time() + days * DAY)

    assert folder.exists() is is_left
