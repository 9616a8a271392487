"""The Java that is found, or the sentence that says what is wrong with it."""

import sys

import pytest

from lakehouse.errors import ServiceError
from lakehouse.services.java import java, utf8_locale


@pytest.fixture
def java_saying(tmp_path):
    """Make a folder like JAVA_HOME whose `java` prints a version as Java does."""

    def make(version: str):
        command = tmp_path / version / "bin" / "java"
        command.parent.mkdir(parents=True)
        command.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2024-01-16' >&2\n")
        command.chmod(0o755)
        return command

    return make


@pytest.mark.parametrize("version", ["17.0.9", "21", "23.0.2"])
def test_java_on_path_is_found(java_saying, monkeypatch, version):
    command = java_saying(version)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(command.parent))

    assert java() == command


def test_java_home_comes_before_path(java_saying, monkeypatch):
    monkeypatch.setenv("PATH", str(java_saying("21").parent))
    wanted = java_saying("17.0.1")
    monkeypatch.setenv("JAVA_HOME", str(wanted.parent.parent))

    assert java() == wanted


@pytest.mark.parametrize(
    ("version", "called"),
    [("11.0.22", "11"), ("1.8.0_392", "8"), ("16", "16"), ("24", "24"), ("25.0.1", "25"), ("26-ea", "26")],
)
def test_a_java_that_is_too_old_or_too_new_is_refused_with_what_to_do(java_saying, monkeypatch, version, called):
    command = java_saying(version)
    monkeypatch.setenv("JAVA_HOME", str(command.parent.parent))

    with pytest.raises(ServiceError) as error:
        java()

    assert str(error.value) == (
        f"Spark and Kafka need Java 17 to 23, found Java {called} at {command}. "
        "Install Java 17, or set JAVA_HOME to where it is."
    )


def test_no_java_is_said_plainly(tmp_path, monkeypatch):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ServiceError, match=r"Java 17 to 23, but there is no `java` on PATH\. Install Java 17"):
        java()


def test_a_java_home_without_java_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))

    with pytest.raises(ServiceError, match=f"JAVA_HOME is {tmp_path}, which has no bin/java"):
        java()


def test_something_else_called_java_is_refused(tmp_path, monkeypatch):
    (tmp_path / "java").symlink_to(sys.executable)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ServiceError, match="does not say its version"):
        java()


@pytest.mark.parametrize(
    ("variables", "needed"),
    [
        ({}, {"LC_ALL": "C.UTF-8"}),
        ({"LANG": "C"}, {"LC_ALL": "C.UTF-8"}),
        ({"LC_ALL": "POSIX", "LANG": "de_DE.UTF-8"}, {"LC_ALL": "C.UTF-8"}),
        ({"LC_ALL": "", "LC_CTYPE": "C.UTF-8", "LANG": "C"}, {}),
        ({"LANG": "de_DE.utf8"}, {}),
    ],
)
def test_java_gets_a_locale_in_which_it_finds_files_with_any_name(monkeypatch, variables, needed):
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert utf8_locale() == needed
