"""Texts: embeddings beside a bare onnxruntime loop, similarities beside a bare faiss search, run in turn."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Annotated

import faiss
import numpy as np
import onnxruntime
import pyarrow as pa
import pyarrow.parquet as pq
import typer
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from rich.console import Console
from tokenizers import Tokenizer

from benchmarks.lakes import benchmark_home, seconds
from gold.engines.top_n import top_n
from gold.text.embeddings import embedded
from gold.text.encoder import EncoderFiles, encoder_files
from gold.text.similarities import similar
from lakehouse.lake import Lakehouse
from reclake.report import table_of

WORDS = (
    "the a of and in to bread sourdough rome senate bond market interest rate jazz drummer wine region harvest "
    "history empire economy solar panel silicon factory listener episode guest interview question answer story"
)
BATCHES = (1, 8, 32)
DIMENSIONS = 384
CORES = len(os.sched_getaffinity(0))


def main(
    texts: Annotated[int, typer.Option(help="Texts to embed, of about 100 tokens.")] = 2_000,
    episodes: Annotated[int, typer.Option(help="Episodes to compare, of random embeddings.")] = 20_000,
    n: Annotated[int, typer.Option(help="Similar episodes for each.")] = 50,
    rounds: Annotated[int, typer.Option(help="Runs of each, after one that does not count.")] = 3,
) -> None:
    """Compare wall times on the same number of cores."""
    console = Console()
    with benchmark_home() as lake:
        ways = _embeddings(lake, texts)
        _report(console, f"{texts:,} texts, {CORES} threads", ways, rounds)
        ways = _similarities(lake, episodes, n)
        _report(console, f"Top {n} of {episodes:,} x {DIMENSIONS}, {CORES} threads", ways, rounds)


def _embeddings(lake: Lakehouse, num_texts: int) -> dict[str, Callable[[], object]]:
    random = np.random.default_rng(1)
    texts = [" ".join(random.choice(WORDS.split(), random.integers(50, 110))) for _ in range(num_texts)]
    numbers = list(map(str, range(num_texts)))
    columns = {"episode_id": numbers, "language": ["en"] * num_texts, "content_hash": numbers, "text": texts}
    rows = _saved(pa.table(columns), lake.settings.home / "texts", lake)
    files = encoder_files(lake.settings)
    bare = {
        f"bare loop, sorted by length, batches of {size}": partial(_bare_loop, files, texts, size) for size in BATCHES
    }
    return {**bare, "embedded": lambda: _written(embedded(rows, files, num_texts))}


def _bare_loop(files: EncoderFiles, texts: list[str], size: int) -> None:
    """Embed in the way of a script: one session on all cores, batches of texts of about the same length."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = CORES
    model = onnxruntime.InferenceSession(files.model, options, providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(str(files.tokenizer))
    tokenizer.enable_padding()
    ordered = sorted(texts, key=len)
    for start in range(0, len(ordered), size):
        batch = tokenizer.encode_batch(ordered[start : start + size])
        ids, mask, types = (
            np.array([getattr(one, name) for one in batch]) for name in ("ids", "attention_mask", "type_ids")
        )
        (tokens,) = model.run(None, {"input_ids": ids, "attention_mask": mask, "token_type_ids": types})
        means = (tokens * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        means /= np.linalg.norm(means, axis=1, keepdims=True)


def _similarities(lake: Lakehouse, num_episodes: int, n: int) -> dict[str, Callable[[], object]]:
    vectors = np.random.default_rng(2).standard_normal((num_episodes, DIMENSIONS), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = [f"ep-{number:06}" for number in range(num_episodes)]
    ends = np.arange(num_episodes + 1, dtype=np.int32) * DIMENSIONS
    lists = pa.ListArray.from_arrays(ends, vectors.ravel())
    table = pa.table({"episode_id": ids, "language": ["en"] * num_episodes, "embedding": lists})
    embeddings = _saved(table, lake.settings.home / "embeddings", lake)
    numbered = embeddings.select(
        F.substring("episode_id", 4, 6).cast("int").alias("idx"), F.col("embedding").alias("factors")
    )
    # As many tasks as `similar` makes: one file would be one task.
    queries = numbered.withColumn("excluded", F.array("idx")).repartition(10)
    return {
        "bare faiss flat": lambda: faiss.knn(vectors, vectors, n + 1, metric=faiss.METRIC_INNER_PRODUCT),
        "gold.engines.top_n": lambda: _written(top_n(queries, numbered, n)),
        "similar": lambda: _written(similar(embeddings, n)),
    }


def _saved(table: pa.Table, folder: Path, lake: Lakehouse) -> DataFrame:
    folder.mkdir()
    pq.write_table(table, folder / "part.parquet")
    return lake.spark.read.parquet(str(folder))


def _written(rows: DataFrame) -> None:
    rows.write.format("noop").mode("overwrite").save()


def _report(console: Console, title: str, ways: dict[str, Callable[[], object]], rounds: int) -> None:
    """Run all in turn, the last one being ours, and compare it with each of the others."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, work in ways.items():
            with console.status(f"{title}, round {number} of {rounds}: {name}"):
                taken[name].append(seconds(work))
    medians = {name: median(times[1:]) for name, times in taken.items()}
    *_, ours = medians
    rows = [
        (
            name,
            f"{medians[name]:.1f}",
            f"{min(times[1:]):.1f} to {max(times[1:]):.1f}",
            f"{medians[name] / medians[ours]:.2f}",
        )
        for name, times in taken.items()
    ]
    columns = ("", "wall s", "range", f"speed of {ours} to it")
    console.print(table_of(title, columns, rows, columns[1:]))


if __name__ == "__main__":
    typer.run(main)
