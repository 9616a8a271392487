"""The command `transcribe`: what it refuses, and how it shows what strangers wrote."""

from __future__ import annotations

import io

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from lakehouse.task import load_task
from reclake import transcribe
from silver.transcripts.attempt import Episode, Result
from silver.transcripts.work import Done

app = typer.Typer()
transcribe.register(app)


@pytest.mark.parametrize("arguments", [("--limit", "0"), ("--limit", "x"), ("--minutes", "0"), ("--minutes", "-1")])
def test_options_out_of_range_are_refused_before_anything_starts(arguments):
    result = CliRunner().invoke(app, arguments)

    assert result.exit_code == 2
    assert arguments[0] in result.output


def test_titles_and_errors_are_shown_as_they_are_and_move_no_cursor():
    shown = io.StringIO()
    episode = Episode("e1", "[red]One[/] \x1b[2J שלום", None, None, None)

    transcribe.show(Console(file=shown, width=200), Done(episode, Result("failed", error="[/no] \x07"), 1.25))

    assert shown.getvalue().splitlines() == [
        "failed          -            1.2 s  [red]One[/]  [2J שלום",
        "    [/no]  ",
    ]


def test_as_a_task_it_takes_everything_from_the_settings():
    assert load_task("transcribe").options == {}
