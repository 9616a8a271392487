"""Settings, `.env` and jobs' YAML of anybody: taken, or refused in a sentence without a secret in it."""

from __future__ import annotations

import logging
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from lakehouse.errors import SettingsError, TaskParameterError
from lakehouse.jobs.strict_yaml import read_yaml
from lakehouse.settings import Settings, load_settings
from producers.replay.numbers import Scale, number_of
from silver.shop.purchases import columns
from tests.fuzz.bounds import cpu_for, told_in_a_sentence
from tests.fuzz.hostile import fuzzed, mutated

ENV = (
    b"RECLAKE_HOME=.reclake\nKAFKA_BOOTSTRAP_SERVERS='localhost:9092'\n"
    b'MONGODB_URI="mongodb://u:m0001@h/"\nTOP_N=20\n# no\nexport X=${Y}\n'
)
YAML = (
    b"resources:\n  jobs:\n    a: &a\n      name: x\n      tasks: [{task_key: t, <<: *a}]\n    b: {<<: *a, n: 1_000}\n"
)
TOKENS = (
    b"=",
    b"'",
    b'"',
    b"\n",
    b"#",
    b"\\",
    b"${",
    b"}",
    b"\0",
    b"\xff",
    b"TOP_N",
    b"-1",
    b"9" * 5_000,
    b" ",
    b"export ",
    b"{",
)
YAML_TOKENS = (
    b":",
    b"- ",
    b"[",
    b"]",
    b"{",
    b"}",
    b"&a ",
    b"*a",
    b"<<: ",
    b"\n",
    b"\t",
    b"!!python/object:os.system ",
    b"? ",
    b"|\n",
    b"'",
    b'"',
    b"\0",
    b"\xff",
    b"2024-99-99",
    b"0x",
    b"1e400",
    b"\xe2\x80\xa8",
    b"%",
    b"---\n",
    b"!!timestamp ",
    b"!!int x",
    b"a: 1\n",
    b"#",
)
NAMES = sorted(Settings.model_fields)

logging.getLogger("dotenv").setLevel(logging.ERROR)


def env_file(content: bytes) -> None:
    """Settings of a `.env`, whose secrets no refusal shows."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, ".env").write_bytes(content)
        os.chdir(folder)
        said = ""
        try:
            with cpu_for(len(content)), told_in_a_sentence():
                try:
                    load_settings()
                except SettingsError as error:
                    said = str(error)
                    raise
        finally:
            os.chdir(before)
    assert "m0001" not in said


def yaml_file(content: bytes) -> None:
    """A job's file: a mapping."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.yml")
        path.write_bytes(content)
        with cpu_for(len(content)), told_in_a_sentence():
            assert isinstance(read_yaml(path), dict)


@fuzzed(40)
@given(mutated([ENV], TOKENS))
def test_an_env_file_is_taken_or_refused(content):
    env_file(content)


@fuzzed(30)
@given(st.dictionaries(st.sampled_from(NAMES), st.one_of(st.text(max_size=12), st.integers(), st.floats()), max_size=4))
def test_parameters_are_taken_or_refused(given_):
    given_.pop("secret_scope", None)
    with cpu_for(1_000), told_in_a_sentence():
        settings = load_settings(**given_)
        columns(settings.purchases_columns)


@fuzzed(25)
@given(mutated([YAML], YAML_TOKENS))
def test_a_jobs_file_is_read_or_refused(content):
    yaml_file(content)


@fuzzed(200)
@given(st.one_of(st.text(max_size=12), st.from_regex(r"[+-]?[0-9][0-9.,]{0,12} ?%?", fullmatch=True)))
def test_numbers_are_finite_or_none(text):
    number = number_of(text)
    assert number is None or abs(number) < float("inf")
    with suppress(TaskParameterError):
        Scale.parse(text)
