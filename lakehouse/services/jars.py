"""The jars that RecLake runs on: fetched from Maven once, each checked against the SHA-256 committed beside this file.

Where there is no internet, copy the jars named in `jars.lock.toml` into `jar_folder()` by hand.
"""

from __future__ import annotations

import hashlib
import subprocess
import tomllib
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal
from xml.sax.saxutils import quoteattr

from filelock import FileLock
from platformdirs import user_cache_path
from rich.console import Console
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_exponential

from lakehouse.errors import ServiceError
from lakehouse.services.java import java

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["fetched", "jar_folder", "jars", "java"]

JarSet = Literal["broker", "connectors", "encoder", "s3"]

_LOCK_FILE = Path(__file__).with_name("jars.lock.toml")
_ATTEMPT_SECONDS = 600


def jars(which: JarSet) -> list[Path]:
    """Return the jars of `broker`, `connectors` (Delta, Kafka), `encoder` or `s3`, fetching what is missing.

    Examples
    --------
    >>> [jar.name for jar in jars("connectors")][:2]
    ['delta-spark_2.13-4.0.1.jar', 'delta-storage-4.0.1.jar']
    """
    return fetched(tomllib.loads(_LOCK_FILE.read_text())[which], jar_folder())


def jar_folder() -> Path:
    """Return the folder of fetched jars, in the user's cache and shared by all checkouts."""
    return user_cache_path("reclake") / "jars"


def fetched(locked: Mapping[str, str], folder: Path) -> list[Path]:
    """Return one jar in `folder` for each of `locked`, fetching those that are missing or damaged.

    Every jar is hashed on every call: 45 MB take 30 ms.

    Parameters
    ----------
    locked : Mapping[str, str]
        SHA-256 by Maven coordinates, `group:artifact:version`.
    folder : Path
        Where the jars are kept; two processes may use it at once.

    Raises
    ------
    ServiceError
        A jar cannot be fetched, or is not the one that is locked; nothing of it is kept.
    """
    if _missing(locked, folder):
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):
            # Another process may have fetched them while this one waited.
            if missing := _missing(locked, folder):
                _fetch(missing, folder)
    return [folder / _file_name(coordinates) for coordinates in locked]


def _missing(locked: Mapping[str, str], folder: Path) -> dict[str, str]:
    return {
        coordinates: sha256
        for coordinates, sha256 in locked.items()
        if _sha256(folder / _file_name(coordinates)) != sha256
    }


def _fetch(locked: Mapping[str, str], folder: Path) -> None:
    Console(stderr=True).print(f"Fetching {len(locked)} jars from Maven into {folder}, once ...", style="dim")
    # In the same folder, so that the final rename is atomic; removed whatever happens.
    with TemporaryDirectory(dir=folder, prefix=".fetch-") as work:
        _run_ivy(list(locked), Path(work))
        for coordinates, sha256 in locked.items():
            jar = Path(work) / _file_name(coordinates)
            if _sha256(jar) != sha256:
                raise ServiceError(
                    f"The jar {coordinates} from Maven does not have the SHA-256 that RecLake trusts "
                    f"({sha256[:12]}...), so it is not used. Find out what changed it on its way, such as a proxy."
                )
        for coordinates in locked:
            name = _file_name(coordinates)
            (Path(work) / name).replace(folder / name)


@retry(
    retry=retry_if_exception_type(ServiceError),
    stop=stop_after_attempt(3),
    wait=wait_exponential(max=10),
    reraise=True,
)
def _run_ivy(coordinates: list[str], work: Path) -> None:
    """Retrieve exactly these jars with the Ivy that pyspark ships; a further attempt keeps what arrived before."""
    module = work / "ivy.xml"
    module.write_text(_ivy_module(coordinates))
    command: list[str | Path] = [java(), "-jar", _ivy_jar(), "-ivy", module, "-cache", work / "cache"]
    command += ["-retrieve", f"{work}/[artifact]-[revision].[ext]"]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_ATTEMPT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise ServiceError(f"Maven did not deliver {len(coordinates)} jars in {_ATTEMPT_SECONDS} s.") from None
    if done.returncode != 0:
        raise ServiceError(
            f"{_unresolved(done.stdout) or f'{len(coordinates)} jars'} could not be fetched from Maven. "
            f"Check the connection or proxy (JAVA_TOOL_OPTIONS), or copy the jars into {work.parent}."
        )


def _ivy_module(coordinates: list[str]) -> str:
    """Name each jar and nothing that it depends on: what is fetched is what is locked."""
    dependencies = "".join(
        f"<dependency org={quoteattr(group)} name={quoteattr(artifact)} rev={quoteattr(version)}"
        ' transitive="false" conf="default->master"/>'
        for group, artifact, version in (item.split(":") for item in coordinates)
    )
    return (
        '<ivy-module version="2.0"><info organisation="reclake" module="jars"/>'
        '<configurations><conf name="default"/></configurations>'
        f"<dependencies>{dependencies}</dependencies></ivy-module>"
    )


def _ivy_jar() -> Path:
    pyspark = find_spec("pyspark")
    found = sorted(Path(pyspark.origin).parent.glob("jars/ivy-*.jar")) if pyspark and pyspark.origin else []
    if not found:
        raise ServiceError(
            "PySpark is not installed here. Install RecLake's local extra: `pip install reclake[local]`."
        )
    return found[-1]


def _unresolved(output: str) -> str:
    """Name the jars that Ivy says it did not find."""
    lines = (line for line in output.splitlines() if ": not found" in line)
    return ", ".join(dict.fromkeys(line.strip(" :\t").removesuffix(": not found") for line in lines))


def _sha256(jar: Path) -> str | None:
    try:
        with jar.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError:
        return None


def _file_name(coordinates: str) -> str:
    _, artifact, version = coordinates.split(":")
    return f"{artifact}-{version}.jar"
