"""Top-N for every user: exact top-N beside Spark's own `ALSModel.recommendForAllUsers`, in turn on one session."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import Annotated

import numpy as np
import numpy.typing as npt
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import typer
from pyspark.ml.recommendation import ALS, ALSModel
from pyspark.sql import DataFrame, SparkSession
from rich.console import Console

from benchmarks.lakes import benchmark_home, seconds
from gold.engines.top_n import top_n
from reclake.report import table_of

_FILES = 10
"""As many as ALS writes with its default number of blocks."""
_SAMPLE_SECONDS = 0.25


@dataclass(frozen=True)
class Cost:
    """What one piece of work took, in all processes together."""

    wall_seconds: float
    cpu_seconds: float
    worker_bytes: int


@dataclass(frozen=True)
class Contestant:
    """One way to recommend, and what each of its runs cost."""

    name: str
    users: int
    recommend: Callable[[], DataFrame]
    costs: list[Cost] = field(default_factory=list)

    @property
    def wall(self) -> float:
        """The median wall time, in seconds."""
        return median(cost.wall_seconds for cost in self.costs)

    @property
    def cpu(self) -> float:
        """The median processor time, in seconds."""
        return median(cost.cpu_seconds for cost in self.costs)

    @property
    def worker_mib(self) -> float:
        """The most memory that one Python worker had in any run."""
        return max(cost.worker_bytes for cost in self.costs) / 2**20


def main(
    users: Annotated[int, typer.Option(help="Users; cost per user is also taken at a quarter of them.")] = 200_000,
    items: Annotated[int, typer.Option(help="Items.")] = 20_000,
    rank: Annotated[int, typer.Option(help="Length of a factor vector.")] = 64,
    n: Annotated[int, typer.Option(help="Items recommended to each user.")] = 50,
    seen: Annotated[int, typer.Option(help="Items excluded for each user; Spark's own excludes none.")] = 50,
    rounds: Annotated[int, typer.Option(help="Runs of each, after a small one that does not count.")] = 3,
) -> None:
    """Compare wall time, processor time and memory."""
    console = Console()
    with benchmark_home() as lake:
        spark, home = lake.spark, lake.settings.home
        random = np.random.default_rng(1)
        few = _Factors(home / "few", random, users // 20, items, rank, seen)
        quarter = _Factors(home / "quarter", random, users // 4, items, rank, seen)
        everyone = _Factors(home / "everyone", random, users, items, rank, seen)
        contestants = [
            Contestant("recommendForAllUsers", users, partial(everyone.als_model(spark).recommendForAllUsers, n)),
            Contestant("top_n", users, partial(everyone.ours, spark, n)),
            Contestant("top_n", users // 4, partial(quarter.ours, spark, n)),
        ]
        _written(few.als_model(spark).recommendForAllUsers(n))
        _written(few.ours(spark, n))
        for number in range(rounds):
            for one in contestants:
                with console.status(f"round {number + 1} of {rounds}: {one.name}, {one.users:,} users"):
                    one.costs.append(_cost(one.recommend))
    _report(console, contestants)


class _Factors:
    """Random factors as files: for `top_n`, and in the layout of a saved ALSModel."""

    def __init__(self, folder: Path, random: np.random.Generator, users: int, items: int, rank: int, seen: int) -> None:
        self._folder = folder
        self._rank = rank
        ids = np.arange(users, dtype=np.int32), np.arange(items, dtype=np.int32)
        vectors = [_lists(random.standard_normal((len(numbers), rank), dtype=np.float32)) for numbers in ids]
        excluded = _lists(random.integers(0, items, (users, seen), dtype=np.int32))
        _save({"idx": ids[0], "factors": vectors[0], "excluded": excluded}, folder / "users")
        _save({"idx": ids[1], "factors": vectors[1]}, folder / "items")
        _save({"id": ids[0], "features": vectors[0]}, folder / "userFactors")
        _save({"id": ids[1], "features": vectors[1]}, folder / "itemFactors")

    def ours(self, spark: SparkSession, n: int) -> DataFrame:
        users, items = (spark.read.parquet(str(self._folder / name)) for name in ("users", "items"))
        return top_n(users, items, n)

    def als_model(self, spark: SparkSession) -> ALSModel:
        """Load the factors as a model, without the minutes that training one of this size takes."""
        saved = self._folder / "als_model"
        if not saved.exists():
            ratings = spark.createDataFrame([(0, 0, 1.0)], "user int, item int, rating float")
            ALS(rank=self._rank, maxIter=1).fit(ratings).save(str(saved))
            for name in ("userFactors", "itemFactors"):
                (saved / name).rename(saved / f"{name}-fitted")
                (self._folder / name).rename(saved / name)
        return ALSModel.load(str(saved))


def _lists(vectors: npt.NDArray[np.generic]) -> pa.ListArray:
    rows, length = vectors.shape
    return pa.ListArray.from_arrays(np.arange(rows + 1, dtype=np.int32) * length, pa.array(vectors.ravel()))


def _save(columns: dict[str, object], folder: Path) -> None:
    folder.mkdir(parents=True)
    table = pa.table(columns)
    size = -(-table.num_rows // _FILES)
    for number in range(_FILES):
        pq.write_table(table.slice(number * size, size), folder / f"part-{number}.parquet")


def _written(recommendations: DataFrame) -> None:
    recommendations.write.format("noop").mode("overwrite").save()


def _cost(recommendations: Callable[[], DataFrame]) -> Cost:
    before = _cpu_seconds()
    with _worker_memory() as peak:
        wall = seconds(lambda: _written(recommendations()))
    return Cost(wall, _cpu_seconds() - before, max(peak))


def _cpu_seconds() -> float:
    """Sum the processor time of this process and all below it; a process that ended counts with its parent."""
    me = psutil.Process()
    return sum(sum(process.cpu_times()[:4]) for process in (me, *me.children(recursive=True)))


@contextmanager
def _worker_memory() -> Iterator[list[int]]:
    """Watch the resident memory of the largest Python process that Spark started."""
    seen, done = [0], threading.Event()

    def watch() -> None:
        while not done.wait(_SAMPLE_SECONDS):
            for process in psutil.Process().children(recursive=True):
                try:
                    if process.name().startswith("python"):
                        seen.append(process.memory_info().rss)
                except psutil.NoSuchProcess:
                    continue

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()


def _report(console: Console, contestants: list[Contestant]) -> None:
    rows = [
        (
            one.name,
            f"{one.users:,}",
            f"{one.wall:.1f}",
            f"{one.cpu:.1f}",
            f"{one.wall / one.users * 1e6:.0f}",
            f"{one.cpu / one.users * 1e6:.0f}",
            f"{one.worker_mib:,.0f}",
        )
        for one in contestants
    ]
    columns = ("", "users", "wall s", "CPU s", "wall µs/user", "CPU µs/user", "worker MiB")
    console.print(table_of("Top-N for every user", columns, rows, columns[1:]))
    theirs, ours, fewer = contestants
    per_user = (ours.cpu / ours.users) / (fewer.cpu / fewer.users)
    console.print(f"wall time: {theirs.wall / ours.wall:.1f} times faster (at least 3.5 is wanted)")
    console.print(f"processor time: {theirs.cpu / ours.cpu:.1f} times less (at least 6 is wanted)")
    console.print(f"processor time per user: {per_user:.2f} of that at {fewer.users:,} users (about 1 is wanted)")


if __name__ == "__main__":
    typer.run(main)
