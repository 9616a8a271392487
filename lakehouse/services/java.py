"""The Java that Spark and the embedded broker run on: found, and checked to be new enough."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

from lakehouse.errors import ServiceError

NEEDED = 17


def java() -> Path:
    """Find the `java` command: that of JAVA_HOME if it is set, as Spark does, else the first on PATH.

    Raises
    ------
    ServiceError
        There is none, or it is older than Java 17.
    """
    found = _installed()
    version = _version(found)
    if version < NEEDED:
        raise ServiceError(
            f"Java {NEEDED} or newer is needed for Spark and Kafka, found Java {version} at {found}. "
            f"Install Java {NEEDED}, or set JAVA_HOME to where it is."
        )
    return found


def _installed() -> Path:
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")
    if found is None:
        where = f"JAVA_HOME is {home}, which has no bin/java" if home else "there is no `java` on PATH"
        raise ServiceError(
            f"Java {NEEDED} or newer is needed for Spark and Kafka, but {where}. "
            f"Install Java {NEEDED}, or set JAVA_HOME to where it is."
        )
    return Path(found)


@cache
def _version(command: Path) -> int:
    """Ask once per process: it costs a JVM start."""
    try:
        answer = subprocess.run([command, "-version"], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ServiceError(f"{command} cannot be run ({error}). Install Java {NEEDED}, or set JAVA_HOME.") from None
    # Java 8 and older call themselves 1.8.
    match = re.search(r'version "(?:1\.)?(\d+)', answer.stderr + answer.stdout)
    if match is None:
        raise ServiceError(f"{command} does not say its version. Install Java {NEEDED}, or set JAVA_HOME.")
    return int(match[1])
