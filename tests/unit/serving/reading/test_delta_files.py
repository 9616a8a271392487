"""Tables in a folder as DuckDB reads them: whole, or one sentence that says why not."""

import shutil
import tempfile
import threading

import duckdb
import pandas as pd
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from lakehouse import tables
from lakehouse.errors import ServiceError, SettingsError
from lakehouse.settings import Settings
from serving.reading import delta_files
from serving.reading.delta_files import DeltaFiles
from tests.unit.serving.reading.lakehouse import NEWEST, folder, listening, write

E = tables.user_events
COUNTED = f"SELECT count(*) AS events, count(DISTINCT user_id) AS users FROM {E}"


def files_in(home):
    return DeltaFiles(Settings(reclake_home=home, lakehouse_root=None, catalog=None))


def test_a_table_that_is_not_there_has_its_columns_and_no_version(tmp_path):
    files = files_in(tmp_path)

    rows = files.rows(f"SELECT * FROM {E} WHERE ts >= $since", since=NEWEST)

    assert (list(rows.columns), len(rows)) == (E.schema.names, 0)
    assert rows["ts"].dtype == pd.DatetimeTZDtype("us", "UTC")
    assert (files.version(E), files.written_at(E)) == (None, None)


def test_a_table_is_whole_or_empty_or_a_sentence_while_it_is_replaced(tmp_path):
    """Old and new differ in how many users have how many events, so that a mix of both would be noticed."""
    versions = {(0, 0), (3, 1), (2, 2)}
    write(tmp_path, E, listening(1, 2, 3))
    done = threading.Event()

    def replace():
        for number in range(30):
            whole = listening(1, 2, 3) if number % 2 else listening(1) + listening(1, user_id="user-2")
            if number % 5 == 4:
                folder(tmp_path, E).rename(tmp_path / str(number))
            write(tmp_path, E, whole, mode="overwrite")
            DeltaTable(folder(tmp_path, E)).vacuum(0, dry_run=False, enforce_retention_duration=False)
        done.set()

    files, answers, sentences = files_in(tmp_path), set(), []
    writer = threading.Thread(target=replace)
    writer.start()
    while not done.is_set():
        try:
            answers.add(tuple(int(number) for number in files.rows(COUNTED).iloc[0]))
        except ServiceError as error:
            sentences.append(str(error))
    writer.join()

    assert answers <= versions
    assert len(answers) > 1
    assert all("cannot be read" in sentence for sentence in sentences)
    assert tuple(files.rows(COUNTED).iloc[0]) == (3, 1)


def test_a_table_whose_files_are_gone_is_a_sentence(tmp_path):
    write(tmp_path, E, listening(1))
    for file in folder(tmp_path, E).glob("*.parquet"):
        file.unlink()

    with pytest.raises(ServiceError, match="cannot be read: IO Error: Cannot open file"):
        files_in(tmp_path).rows(f"SELECT ts FROM {E}")


def test_a_table_whose_log_is_not_a_log_is_a_sentence(tmp_path):
    write(tmp_path, E, listening(1))
    (folder(tmp_path, E) / "_delta_log" / f"{0:020}.json").write_text("{nonsense")

    with pytest.raises(ServiceError, match="cannot be read: IO Error"):
        files_in(tmp_path).rows(COUNTED)


def test_all_of_a_question_is_about_the_same_version(tmp_path):
    write(tmp_path, E, listening(1, 2))
    files = files_in(tmp_path)
    shutil.copytree(folder(tmp_path, E), tmp_path / "kept")
    write(tmp_path, E, listening(3))

    assert files.rows(f"SELECT (SELECT count(*) FROM {E}) AS a, count(*) AS b FROM {E}").to_numpy().tolist() == [[3, 3]]
    shutil.rmtree(folder(tmp_path, E))
    (tmp_path / "kept").rename(folder(tmp_path, E))
    assert (files.rows(COUNTED)["events"].iloc[0], files.version(E)) == (2, 0)


@pytest.mark.parametrize("name", ["a%20b", "100%25", "caf%C3%A9", "b\\s", "two\nlines"])
def test_a_folder_that_duckdb_would_take_for_another_is_read(tmp_path, name):
    write(tmp_path, E, listening(1, 2))
    home = tmp_path / name
    home.mkdir()
    (tmp_path / "lakehouse").rename(home / "lakehouse")
    files = files_in(home)
    first = files.rows(COUNTED)["events"].iloc[0]
    (home / "lakehouse").rename(tmp_path / "lakehouse")
    write(tmp_path, E, listening(3, 4))
    (tmp_path / "lakehouse").rename(home / "lakehouse")

    assert (first, files.rows(COUNTED)["events"].iloc[0]) == (2, 4)


def test_temporary_files_in_such_a_folder_as_well_are_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "a%20b"))
    (tmp_path / "a%20b").mkdir()

    with pytest.raises(SettingsError, match="Choose a TMPDIR without"):
        files_in(tmp_path / "c%20d")


def test_an_extension_of_another_duckdb_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(duckdb, "__version__", "1.5.0")

    with pytest.raises(ServiceError, match=r"install duckdb-extension-delta==1\.5\.0"):
        files_in(tmp_path)


def test_without_the_extension_there_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(delta_files, "find_spec", lambda name: None)

    with pytest.raises(ServiceError, match=r"no Delta extension .* `uv sync`"):
        files_in(tmp_path)


def test_a_table_of_another_version_of_reclake_is_one_sentence_that_names_the_column(tmp_path):
    write_deltalake(
        folder(tmp_path, E), pa.table({"user_id": ["u1"], "ts": pa.array([NEWEST], pa.timestamp("us", "UTC"))})
    )

    with pytest.raises(ServiceError, match=r"another version of RecLake.*event"):
        files_in(tmp_path).rows(f"SELECT event FROM {E}")
