"""How far consumers have read, on disk."""

from concurrent.futures import ThreadPoolExecutor

from lakehouse.progress import Progress


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
