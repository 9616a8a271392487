"""The one Spark session of a test run, and an empty lakehouse for each test that asks for one.

`RECLAKE_TEST_SPARK=connect` runs the same suite on a Spark Connect session.
"""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.conversion import LocalDataToArrowConversion
from pyspark.sql.types import StructType

from lakehouse.lake import Lakehouse
from lakehouse.settings import Settings
from lakehouse.spark import start_session

_numbers = itertools.count()

ODD_NAME = "ü e\u0301 дом 東京 100% %20 #1 it's [x] {y} + & ; = ! ~ @ ^ (z),"
"""A name that the file system allows, and that something between it and the tables may take for something else."""

# ranx on a few rows: compiling it takes ten times as long as running it.
os.environ["NUMBA_DISABLE_JIT"] = "1"

# An example that takes longer than the others says something about the machine.
hypothesis_settings.register_profile("no clock", deadline=None)
hypothesis_settings.load_profile("no clock")

# Alembic runs the one, atheris the other; otherwise they cannot be imported.
collect_ignore = ["lakehouse/database/migrations/env.py", "tests/fuzz/guided.py"]

if "PYTEST_XDIST_WORKER" in os.environ:
    # Workers ignore Ctrl-C, and what they start would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow, and let it come first.

    Files are dealt out whole: with whole jobs first, then what needs Spark, what is left for the end is short, and no
    worker waits long for another.
    """
    spark_files = {item.path for item in items if "spark" in getattr(item, "fixturenames", ())}
    for item in items:
        if item.path in spark_files or item.path.parent.name in ("e2e", "integration"):
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: (item.path.parent.name != "e2e", item.path not in spark_files))


@pytest.fixture(scope="session")
def odd_home(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Make a home in a folder with a name that people have and programs do not expect."""
    return lambda name: tmp_path_factory.mktemp(name) / ODD_NAME


@pytest.fixture(scope="session")
def spark(odd_home: Callable[[str], Path]) -> Iterator[SparkSession]:
    home = odd_home("spark")
    mode = os.environ.get("RECLAKE_TEST_SPARK", "classic")
    # Tiny data: compiling a plan, in Spark and in the JVM, costs more than it can save. The quick compiler alone gets
    # 48 MB for its code, which the suite fills: a quarter of all CPU went into throwing code out and compiling it anew.
    os.environ["JAVA_TOOL_OPTIONS"] = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=512m"
    session = start_session(Settings(reclake_home=home, spark_mode=mode, spark_memory="3g"))
    del os.environ["JAVA_TOOL_OPTIONS"]
    for name, value in {
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.leafNodeDefaultParallelism": "1",
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.adaptive.enabled": "false",
    }.items():
        session.conf.set(name, value)
    if mode == "classic":
        _keep_rows_local(session)
    yield session
    session.stop()


def _keep_rows_local(session: SparkSession) -> None:
    """Let a few rows of Python be a local relation, as they are on Connect.

    A classic session sends them through Python workers, with every action anew: ten times the work of the test itself.
    """
    create = session.createDataFrame

    def create_local(data: Any, schema: Any = None, *arguments: Any, **options: Any) -> DataFrame:
        typed = StructType.fromDDL(schema) if isinstance(schema, str) else schema
        if isinstance(data, list) and data and isinstance(typed, StructType):
            data = LocalDataToArrowConversion.convert(data, typed, use_large_var_types=False)
        return create(data, typed, *arguments, **options)

    session.createDataFrame = create_local


@pytest.fixture(scope="session")
def new_lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Lakehouse]:
    """Make empty lakehouses on the session of the run, each with a home and schemas that no other has."""

    def make() -> Lakehouse:
        number = next(_numbers)
        home = tmp_path_factory.mktemp("home")
        schemas = {f"{layer}_schema": f"{layer}_{number}" for layer in ("bronze", "silver", "gold", "ops")}
        # MLflow writes the address it uses into the environment, where the next settings would find it.
        settings = Settings(reclake_home=home, mlflow_tracking_uri=None, **schemas)
        return Lakehouse(settings, spark)

    return make


@pytest.fixture
def lake(new_lake: Callable[[], Lakehouse]) -> Lakehouse:
    """An empty lakehouse on the session of the run."""
    return new_lake()
