"""A task as Databricks calls it: by its wheel's entry point, with arguments."""

import sys
import traceback

import pytest

from lakehouse.errors import ServiceError
from lakehouse.task import task


@task
def refused(lake, *, topic: str) -> None:
    """Fail as tasks do whose service is away."""
    try:
        raise OSError("connection reset by 10 layers of libraries")
    except OSError as error:
        raise ServiceError(f"Kafka has no topic {topic}.") from error


def test_an_error_for_a_person_is_one_sentence_without_what_led_to_it(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["refused", "--topic=clicks"])

    with pytest.raises(ServiceError, match=r"^Kafka has no topic clicks\.$") as raised:
        refused()

    shown = "".join(traceback.format_exception(raised.value))
    assert "layers of libraries" not in shown
    assert shown.count('File "') <= 2
