"""The lakehouse on S3: a SeaweedFS server, and a process of its own, since the run's Spark session has no `s3a`.

Run as a program, this module uses the lakehouse that the settings name and prints what it saw.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import pytest

from lakehouse import tables
from lakehouse.errors import ServiceError
from lakehouse.lake import Lakehouse
from lakehouse.services import process
from lakehouse.services.process import LOOPBACK, Service, free_port
from lakehouse.settings import Settings
from serving.reading.queries import catalogue
from serving.reading.stores import stores_of

KEY, SECRET = "reclake", "not-to-be-seen"
ELSEWHERE = {"missing": "s3a://missing/lake", "away": "s3a://away/lake", "closed": "s3a://closed/lake"}


def command(place, port):
    """One process that is master, volume, filer and S3; it wants a port for each and for what they say among them."""
    ours = {"name": KEY, "credentials": [{"accessKey": KEY, "secretKey": SECRET}], "actions": ["Admin"]}
    # So that the bucket can be made without signing the request.
    anyone = {"name": "anonymous", "actions": ["Admin"]}
    config = place.folder / "s3.json"
    config.write_text(json.dumps({"identities": [ours, anyone]}))
    place.data.mkdir(exist_ok=True)
    ports = {
        "s3.port": port,
        **{f"{part}.port": free_port() for part in ("master", "volume", "filer")},
        **{f"{part}.port.grpc": free_port() for part in ("master", "volume", "filer", "s3")},
    }
    options = {"dir": place.data, "ip": LOOPBACK, "ip.bind": LOOPBACK, "s3.config": config, **ports}
    switches = ["-filer", "-s3", "-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false"]
    weed = shutil.which("weed", path=str(Path(sys.executable).parent))
    return [weed, "server", *(f"-{name}={value}" for name, value in options.items()), *switches]


def answers(port):
    """Whether S3 takes a bucket, so that there is one."""
    try:
        return httpx.put(f"http://{LOOPBACK}:{port}/bucket").status_code in (httpx.codes.OK, httpx.codes.CONFLICT)
    except httpx.TransportError:
        return False


SEAWEEDFS = Service(
    name="object-store",
    title="SeaweedFS",
    setting="none",
    standard_port=0,
    command=command,
    ready=answers,
    address=lambda port: f"http://{LOOPBACK}:{port}",
    # Asked to end, it waits 15 s for its own parts.
    stop_signal=signal.SIGKILL,
)


def hadoop_options(endpoint):
    """What a user would set, and buckets that cannot be used: nobody listens, the key is wrong."""
    return {
        "fs.s3a.endpoint": endpoint,
        "fs.s3a.path.style.access": "true",
        "fs.s3a.access.key": KEY,
        "fs.s3a.secret.key": SECRET,
        "fs.s3a.bucket.away.endpoint": f"http://{LOOPBACK}:{free_port()}",
        "fs.s3a.bucket.away.retry.limit": "0",
        "fs.s3a.bucket.closed.secret.key": "wrong",
    }


def use(settings):
    """Write, end the session, go on in another one, and look for tables where there are none."""
    seen = {}
    with Lakehouse(settings) as lake:
        seen["exists at first"] = lake.exists(tables.user_ids)
        lake.upsert(tables.user_ids, lake.spark.createDataFrame([("a", 0), ("b", 1)], tables.user_ids.schema))
        seen["first news"] = news(lake)
        started = psutil.Process().children(recursive=True)
        seen["command lines"] = [argument for child in started for argument in command_line(child)]
        seen["plan"] = lake.spark.sql(f"EXPLAIN EXTENDED SELECT * FROM {lake.name(tables.user_ids)}").first()[0]
    with Lakehouse(settings) as lake:
        seen["exists later"] = lake.exists(tables.user_ids)
        lake.upsert(tables.user_ids, lake.spark.createDataFrame([("b", 1), ("c", 2)], tables.user_ids.schema))
        seen["second news"] = news(lake)
        seen["stored"] = sorted(map(tuple, lake.read(tables.user_ids).collect()))
        listed = catalogue.states(stores_of(lake)).rows.dropna()
        seen["listed"] = listed[["table", "num_rows"]].to_numpy().tolist()
        for name, root in ELSEWHERE.items():
            try:
                seen[name] = lake.with_settings(settings.model_copy(update={"lakehouse_root": root})).exists(
                    tables.user_ids
                )
            except ServiceError as error:
                seen[name] = str(error)
    return seen


def command_line(child):
    # What Hadoop starts for a moment may have ended.
    with suppress(psutil.NoSuchProcess):
        return child.cmdline()
    return []


def news(lake):
    new = lake.changes(tables.user_ids, "me")
    if new is None:
        return []
    new.commit()
    return sorted(row["id"] for row in new.rows.collect())


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("object-store")


@pytest.fixture(scope="module")
def seen(home):
    """What the program saw on a new server."""
    port = process.hold(SEAWEEDFS, home).port
    try:
        yield run(home, SEAWEEDFS.address(port))
    finally:
        process.stop(SEAWEEDFS, home)


def run(home, endpoint):
    environment = {
        **os.environ,
        "RECLAKE_HOME": str(home),
        "LAKEHOUSE_ROOT": "s3a://bucket/Anna's lake",
        "HADOOP_OPTIONS": json.dumps(hadoop_options(endpoint)),
        # As in conftest.py: compiling costs more than it can save.
        "JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1",
    }
    done = subprocess.run([sys.executable, __file__], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_table_is_found_again_by_a_new_session(seen):
    assert not seen["exists at first"]
    assert seen["exists later"]
    assert seen["stored"] == [["a", 0], ["b", 1], ["c", 2]]


def test_only_what_changed_is_news(seen):
    assert (seen["first news"], seen["second news"]) == (["a", "b"], ["c"])


def test_tables_are_listed_as_those_in_a_folder_are(seen):
    assert seen["listed"] == [[str(tables.user_ids), 3]]


@pytest.mark.parametrize(
    ("bucket", "cause"),
    [("missing", "bucket does not exist"), ("away", "Connection refused"), ("closed", "Status Code: 403")],
)
def test_a_store_that_cannot_be_used_is_not_an_empty_one(seen, bucket, cause):
    assert re.fullmatch(
        rf"The lakehouse at s3a://{bucket}/\S+ cannot be reached: .*{cause}.* Check LAKEHOUSE_ROOT.*", seen[bucket]
    )


def test_secrets_are_kept_out_of_command_lines_logs_plans_and_errors(home, seen):
    assert SECRET not in json.dumps(seen)
    assert SECRET not in (home / "logs" / "spark.log").read_text()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(use(Settings())))
