"""How far consumers have read, on disk."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import pytest

from lakehouse.changes import Reading
from lakehouse.errors import OverlapError
from lakehouse.progress import NOWHERE, Position, Progress


def test_each_consumer_has_its_own_progress_on_each_source(tmp_path):
    progress = Progress(tmp_path / "progress")

    progress.commit("a", {"silver.one": 1, "/in/ä file.csv": 2})
    progress.commit("b", {"silver.one": 7})
    progress.commit("a", {"silver.one": 3})

    assert progress.of("a") == {"silver.one": 3, "/in/ä file.csv": 2}
    assert progress.of("b") == {"silver.one": 7}
    assert progress.of("c") == {}

    progress.forget("a")

    assert (progress.of("a"), progress.of("b")) == ({}, {"silver.one": 7})


def test_writers_at_once_lose_nothing_and_leave_nothing_unfinished(tmp_path):
    progress = Progress(tmp_path)

    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda n: progress.commit("a", {f"source {n % 5}": n}), range(50)))

    assert progress.of("a").keys() == {f"source {n}" for n in range(5)}
    assert {path.suffix for path in tmp_path.rglob("*.*")} == {".json"}


def test_a_position_is_of_what_it_was_noted_of_and_of_what_an_older_version_did_not_note(tmp_path):
    progress = Progress(tmp_path)
    progress.commit("a", {"silver.one": 1}, {"silver.one": {"silver.one": "1a", "gold.made": "2b"}})

    def is_of(**about):
        return progress.noted("a", "silver.one").is_of({"silver.one": "1a", "gold.made": "2b"} | about)

    assert is_of()
    assert is_of(settings="other"), "what was not noted contradicts nothing"
    for changed in ({"silver.one": "9f"}, {"gold.made": "9f"}, {"gold.made": NOWHERE}, {"gold.never": NOWHERE}):
        assert not is_of(**changed)


@pytest.mark.parametrize("said", ['{"source":"silver.one","version":7}', '{"source":"silver.one","position":7}'])
def test_positions_of_older_versions_are_kept(tmp_path, said):
    progress = Progress(tmp_path)
    progress.commit("a", {"silver.one": 1})
    (file,) = tmp_path.rglob("*.json")
    file.write_text(said)

    assert progress.of("a") == {"silver.one": 7}
    assert progress.noted("a", "silver.one").is_of({"silver.one": "1a", "lakehouse": "home"})


@pytest.mark.parametrize("said", ["", '{"source":"silver.one","posi', '{"read":{"silver.one":7}}', "[]", "\xff\x00"])
def test_what_was_cut_off_or_is_of_another_version_is_read_from_the_beginning_and_said(tmp_path, caplog, said):
    progress = Progress(tmp_path)
    progress.commit("a", {"silver.one": 1, "silver.two": 2})
    file = next(path for path in tmp_path.rglob("*.json") if "silver.one" in path.read_text())
    file.write_text(said, encoding="latin-1")

    assert (progress.noted("a", "silver.one"), progress.of("a")) == (None, {"silver.two": 2})
    assert caplog.messages[0] == (
        f"{file} says no position that this version knows: what it is about is read from the beginning."
    )


ABOUT = {"silver.one": "1a"}


def begun(progress):
    return {"silver.one": progress.noted("a", "silver.one")}


@pytest.mark.parametrize(
    ("first", "second", "left"),
    [(5, 7, 3), (7, 5, 3), (7, 7, 7)],
    ids=["the later ends last", "the earlier ends last", "both read the same"],
)
def test_of_two_runs_at_once_the_last_to_end_says_so_and_both_are_read_again(tmp_path, first, second, left):
    progress = Progress(tmp_path)
    progress.commit("a", {"silver.one": 3}, {"silver.one": ABOUT})
    readings = [Reading("a", progress, begun(progress), lambda: {"silver.one": ABOUT}) for _ in range(2)]
    readings[0].commit({"silver.one": first})

    with nullcontext() if first == second else pytest.raises(OverlapError, match=r"^Two runs of a read silver\.one"):
        readings[1].commit({"silver.one": second})

    assert progress.noted("a", "silver.one") == Position(source="silver.one", position=left, about=ABOUT)


def test_of_two_first_runs_that_end_elsewhere_nothing_is_noted(tmp_path):
    progress = Progress(tmp_path)
    since = begun(progress)
    progress.commit("a", {"silver.one": 5})

    with pytest.raises(OverlapError):
        progress.may_move("a", since, {"silver.one": 7})

    assert progress.of("a") == {}


def test_what_is_forgotten_during_a_run_stays_forgotten_as_it_is_to_be_read_again(tmp_path):
    progress = Progress(tmp_path)
    progress.commit("a", {"silver.one": 3})
    reading = Reading("a", progress, begun(progress), dict)
    progress.forget("a")

    reading.commit({"silver.one": 5})

    assert progress.of("a") == {}
