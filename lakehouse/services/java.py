"""The Java that Spark and the embedded broker run on: found, and checked to be one that both run on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

from lakehouse.errors import ServiceError

NEEDED = 17
NEWEST = 23
"""From 24 on, Java lacks what Hadoop's file systems, and with them Spark 4.0, ask it for at their start."""
_WANTED = f"Spark and Kafka need Java {NEEDED} to {NEWEST}"
_REMEDY = f"Install Java {NEEDED}, or set JAVA_HOME to where it is"


def java() -> Path:
    """Find the `java` command: that of JAVA_HOME if it is set, as Spark does, else the first on PATH.

    Raises
    ------
    ServiceError
        There is none, or it is older than Java 17 or newer than Java 23.
    """
    found = _installed()
    version = _version(found)
    if not NEEDED <= version <= NEWEST:
        raise ServiceError(f"{_WANTED}, found Java {version} at {found}. {_REMEDY}.")
    return found


def utf8_locale() -> dict[str, str]:
    """What has to be in the environment of Java so that it finds files whose names are not ASCII alone."""
    names = (os.environ.get(name) for name in ("LC_ALL", "LC_CTYPE", "LANG"))
    locale = next(filter(None, names), "C")
    return {} if re.search("utf-?8", locale, re.IGNORECASE) else {"LC_ALL": "C.UTF-8"}


def _installed() -> Path:
    home = os.environ.get("JAVA_HOME")
    # A path is not searched for, so that a colon in it divides nothing.
    found = shutil.which(Path(home, "bin", "java").absolute() if home else "java")
    if found is None:
        where = f"JAVA_HOME is {home}, which has no bin/java" if home else "there is no `java` on PATH"
        raise ServiceError(f"{_WANTED}, but {where}. {_REMEDY}.")
    return Path(found)


@cache
def _version(command: Path) -> int:
    """Ask once per process: it costs a JVM start."""
    try:
        answer = subprocess.run(
            [command, "-version"], capture_output=True, text=True, errors="replace", timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ServiceError(f"{command} cannot be run ({error}). {_REMEDY}.") from None
    # Java 8 and older call themselves 1.8.
    match = re.search(r'version "(?:1\.)?(\d+)', answer.stderr + answer.stdout)
    if match is None:
        raise ServiceError(f"{command} does not say its version. {_REMEDY}.")
    return int(match[1])
