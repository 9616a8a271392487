"""The page of the configuration says of every setting what it is and may be."""

import pytest

from handbook import configuration
from lakehouse.settings import Settings


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_described_once(name):
    lines = [line for line in configuration.page().splitlines() if line.startswith(f"| `{name.upper()}` |")]

    assert Settings.model_fields[name].description
    assert len(lines) == 1


def test_sections_begin_at_settings_that_there_are():
    assert configuration.SECTIONS.keys() <= Settings.model_fields.keys()
    assert next(iter(configuration.SECTIONS)) == next(iter(Settings.model_fields))


@pytest.mark.parametrize(
    "line",
    [
        "| `DIVERSITY` | how much recommendations differ from each other | `0.0` | number, >= 0 and &lt;= 1 |",
        "| `MONGODB_URI` | none: the embedded document store |  | secret |",
        "| `SPARK_MODE` | kind of the local session | `classic` | `classic` or `connect` |",
        "| `TRANSCRIPT_MAX_BYTES` | a larger transcript file is refused | `10000000` | whole number, > 0 |",
    ],
)
def test_a_setting_shows_default_and_values(line):
    assert line in configuration.page().splitlines()
