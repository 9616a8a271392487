"""The wheel's file time, by which the Databricks CLI sees whether there is new code."""

import datetime as dt
import os
from zipfile import ZIP_STORED, ZipFile

import hatch_build


def wheel(file, record, **how):
    with ZipFile(file, "w", **how) as files:
        files.writestr("reclake/__init__.py", "")
        files.writestr("reclake-0.1.0.dist-info/RECORD", record)
    return file


def test_the_same_code_has_the_same_time_wherever_and_whenever_it_was_built(tmp_path):
    here, there = wheel(tmp_path / "a.whl", "x"), wheel(tmp_path / "b.whl", "x", compression=ZIP_STORED)
    os.utime(there, (0, 0))

    assert hatch_build.file_time(here) == hatch_build.file_time(there)


def test_other_code_has_another_time(tmp_path):
    assert hatch_build.file_time(wheel(tmp_path / "a.whl", "x")) != hatch_build.file_time(
        wheel(tmp_path / "b.whl", "y")
    )


def test_it_is_a_time_that_file_systems_know(tmp_path):
    times = [hatch_build.file_time(wheel(tmp_path / "a.whl", str(number))) for number in range(100)]

    assert all(2020 <= dt.datetime.fromtimestamp(time / 1e9, dt.UTC).year <= 2051 for time in times)
