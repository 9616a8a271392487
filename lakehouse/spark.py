"""The Spark session: the workspace's own on Databricks, a lean local one elsewhere (classic or Spark Connect)."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyspark.errors import PySparkRuntimeError
from pyspark.sql import SparkSession

from lakehouse.errors import ServiceError
from lakehouse.settings import Settings

_LOG4J = Path(__file__).with_name("log4j2.properties")


def start_session(settings: Settings) -> SparkSession:
    """Get or create the session that the settings ask for.

    Raises
    ------
    ServiceError
        There is no Java 17, or a connector's jar cannot be fetched.
    """
    # Spark hands times to Python in the process's own zone; everything here is UTC.
    os.environ["TZ"] = "UTC"
    time.tzset()
    session = SparkSession.builder.getOrCreate() if settings.on_databricks else _local(settings)
    # On Databricks an administrator may have set another zone for the workspace. Serverless compute allows to set it.
    session.conf.set("spark.sql.session.timeZone", "UTC")
    return session


def as_read(folder: Path) -> str:
    r"""A folder as `spark.read` takes it, which takes `[x]` for a pattern that fits `x`.

    Examples
    --------
    >>> as_read(Path("/data/[x]"))
    '/data/\\[x\\]'
    """
    return re.sub(r"([\\*?\[\]{}])", r"\\\1", str(folder))


def require_startable(settings: Settings) -> None:
    """Say what a session would lack before a job with many tasks does, each of which would say it again.

    Raises
    ------
    ServiceError
        There is no Java that Spark runs on.
    """
    from lakehouse.services.java import java

    if not settings.on_databricks:
        java()


def _local(settings: Settings) -> SparkSession:
    from lakehouse.services.java import java, utf8_locale

    os.environ |= utf8_locale()
    os.environ["JAVA_HOME"] = str(Path(java()).resolve().parent.parent)
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    builder = SparkSession.builder.appName("reclake")
    for name, value in _local_options(settings, _connectors(settings)).items():
        builder = builder.config(name, value)
    builder = builder.remote("local[*]") if settings.spark_mode == "connect" else builder.master("local[*]")
    log = settings.home / "logs" / "spark.log"
    with _own_interrupt(), _stderr_to(log):
        try:
            return builder.getOrCreate()
        except PySparkRuntimeError as error:
            raise ServiceError(f"Spark did not start: {error}. Its log is {log}.") from error


@contextmanager
def _own_interrupt() -> Iterator[None]:
    """Let Ctrl-C do what it did before: Spark's handler asks the JVM in the middle of another answer from it."""
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread() and before is not None:
            signal.signal(signal.SIGINT, before)


@contextmanager
def _stderr_to(log: Path) -> Iterator[None]:
    """Let what is started inside write its standard error to a file: Spark's JVM and its Python workers."""
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.stderr.flush()
    own = os.dup(2)
    with log.open("ab") as file:
        os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(own, 2)
        os.close(own)


def _connectors(settings: Settings) -> list[Path]:
    from lakehouse.services.jars import jars

    # Whoever names another version of S3's connector gets the AWS SDK that belongs to it, and two would clash.
    on_s3 = settings.lakehouse.startswith("s3a:") and "hadoop-aws" not in settings.spark_packages
    return [*jars("connectors"), *(jars("s3") if on_s3 else [])]


def _local_options(settings: Settings, connectors: list[Path]) -> dict[str, str]:
    scratch = str(settings.home / "tmp")
    # ALS hands its tasks a chain of objects that grows with every iteration; the default stack ends at about ten.
    # Java's usual collector marks beside the work, which on few cores takes a tenth of its time. The last option lets
    # Hadoop ask Java 18 to 23 who it is.
    java_options = (
        f"-Xss8m -XX:+UseParallelGC -Dlog4j2.configurationFile={_LOG4J.as_uri()} -Djava.security.manager=allow"
    )
    return {
        # As URIs, in which nothing divides or begins anything else.
        "spark.jars": ",".join(jar.as_uri() for jar in connectors),
        "spark.driver.memory": settings.spark_memory,
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraJavaOptions": java_options,
        # A comma would divide two folders; without the setting it is Java's folder of temporary files.
        **({} if "," in scratch else {"spark.local.dir": scratch}),
        "spark.sql.warehouse.dir": str(settings.home / "warehouse"),
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        # Small local data: 200 shuffle tasks and 50 tasks per log replay would be nearly all of the time.
        "spark.sql.shuffle.partitions": "4",
        "spark.databricks.delta.snapshotPartitions": "2",
        # A session that repeats its jobs (`reclake stream`) has more plans than the 100 whose compiled code is kept.
        "spark.sql.codegen.cache.maxEntries": "2000",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        # For messages, Spark looks up the line of Python of each operation on a column: half of the time it takes.
        "spark.python.sql.dataFrameDebugging.enabled": "false",
        # A stream's plan names its Kafka options; this hides the password in it.
        "spark.sql.redaction.string.regex": r'password="(\\.|[^"\\])*"',
        # S3's own defaults try a wrong address for minutes.
        "spark.hadoop.fs.s3a.attempts.maximum": "3",
        "spark.hadoop.fs.s3a.retry.limit": "4",
        "spark.ui.enabled": "false",
        # What nobody looks at without the page: texts of plans are a tenth of a small query's time, and the thousand
        # newest queries with their plans fill the memory of a session that goes on for hours.
        "spark.sql.ui.explainMode": "simple",
        "spark.sql.ui.retainedExecutions": "1",
        "spark.ui.retainedJobs": "1",
        "spark.ui.retainedStages": "1",
        "spark.ui.liveUpdate.period": "-1",
        "spark.ui.showConsoleProgress": "false",
        **({"spark.jars.packages": settings.spark_packages} if settings.spark_packages else {}),
        **_hadoop_options(settings),
    }


def _hadoop_options(settings: Settings) -> dict[str, str]:
    """Let Hadoop read each value from the environment: what Spark is told itself stands on its command line."""
    options = {}
    for number, (name, value) in enumerate(settings.hadoop_options.items()):
        variable = f"RECLAKE_HADOOP_OPTION_{number}"
        os.environ[variable] = value.get_secret_value()
        options[f"spark.hadoop.{name}"] = f"${{env.{variable}}}"
    return options
