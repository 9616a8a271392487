"""What the terminal shows of the quarantine, on tables that are written without Spark."""

import datetime as dt
import io

import pytest
from rich.console import Console
from typer.testing import CliRunner

from lakehouse import tables
from lakehouse.errors import TaskParameterError
from lakehouse.settings import Settings
from reclake import quarantine
from reclake.app import app
from serving.reading.stores import Stores
from silver.retry import Retried
from tests.unit.serving.reading.lakehouse import write

AT = dt.datetime(2024, 5, 1, 10, tzinfo=dt.UTC)
HOSTILE = b"\x1b]0;owned\x07\x1b[2J[red]bold[/red]\r\n\xff \xe2\x80\xae :bug: " + b"long " * 200


def row(offset, reason="not_json", value=b"oops", detail="not a JSON object"):
    return {
        "source": "bronze.user_events",
        "position": f"user-events/0/{offset}",
        "value": value,
        "reason": reason,
        "detail": detail,
        "quarantined_at": AT + dt.timedelta(days=offset),
    }


@pytest.fixture
def stores(tmp_path):
    settings = Settings(reclake_home=tmp_path, lakehouse_root=None, catalog=None)
    write(tmp_path, tables.quarantine, [row(0), row(1, value=HOSTILE, detail="ts=\x1b[31m[b]1"), row(2, "no_id", None)])
    return Stores(settings)


def text(shown, width=160):
    console = Console(width=width, file=io.StringIO(), force_terminal=True, color_system=None)
    console.print(shown)
    return console.file.getvalue()


def test_reasons_are_counted_with_first_and_last_arrival_and_the_newest_detail(stores):
    shown = text(quarantine.counts(stores, "bronze.user_events"))

    (line,) = (line for line in shown.splitlines() if "not_json" in line)
    cells = [cell.strip() for cell in line.split("│")[1:-1]]
    assert cells == ["not_json", "2", "2024-05-01", "2024-05-02", r"ts=\x1b[31m[b]1"]
    assert "Refused of bronze.user_events" in shown


def test_a_hostile_value_reaches_the_terminal_escaped_and_cut(stores):
    shown = text(quarantine.refused(stores, "bronze.user_events", "not_json", "", 10, 60), width=300)

    assert r"\x1b]0;owned\x07\x1b[2J[red]bold[/red]\r\n\xff \u202e :bug: long" in shown
    assert f"... ({len(HOSTILE):,} bytes)" in shown
    assert shown.replace("\n", "").isprintable()
    assert r"ts=\x1b[31m[b]1" in shown


def test_one_record_or_one_reason_is_shown_and_an_absent_value_is_said(stores):
    by_position = text(quarantine.refused(stores, "bronze.user_events", "", "user-events/0/0", 10, 400))
    by_reason = text(quarantine.refused(stores, "bronze.user_events", "no_id", "", 10, 400))

    assert "user-events/0/0" in by_position
    assert "user-events/0/1" not in by_position
    assert "(none)" in by_reason
    assert "user-events/0/0" not in by_reason


def test_of_a_line_of_a_landing_file_the_file_and_the_line_are_told(stores, tmp_path):
    landed = {"topic": "user-events", "file": f"{tmp_path}/landing/user-events/2024/[b]é.jsonl", "num_rows": 20}
    write(tmp_path, tables.quarantine, [row(3) | {"position": "user-events/-7/17"}, row(4)])
    write(
        tmp_path,
        tables.landed,
        [landed | {"number": 7, "file_hash": "a", "landed_at": AT}, landed | {"number": 8, "file": "other"}],
    )

    shown = text(quarantine.refused(stores, "bronze.user_events", "", "", 10, 400), width=200)

    assert "user-events/-7/17" in shown
    assert "line 17 of user-events/2024/[b]é.jsonl" in shown
    assert "user-events/0/4" in shown
    assert "other" not in shown


def test_an_empty_quarantine_says_so(stores):
    assert "Nothing" in text(quarantine.counts(stores, "bronze.clickstream"))
    assert "Nothing" in text(quarantine.refused(stores, "bronze.purchases", "", "", 10, 400))


@pytest.mark.parametrize("command", ["list", "show", "retry"])
def test_a_source_that_is_none_is_refused_with_those_that_there_are(command):
    result = CliRunner().invoke(app, ["quarantine", command, "user_event"])

    assert isinstance(result.exception, TaskParameterError)
    assert "bronze.user_events, bronze.episode_metadata" in str(result.exception)


def test_a_retry_tells_what_passes_now_and_what_comes_next():
    console = Console(width=120, file=io.StringIO())
    quarantine.tell([Retried(tables.raw_clickstream, 1_200, {"no_id": 3, "not_json": 1}, 2)], console)
    quarantine.tell([], console)

    shown = console.file.getvalue()
    assert all(part in shown for part in ("bronze.clickstream", "1,200", "3 no_id", "1 not_json", "Run the jobs again"))
    assert shown.endswith("Nothing of that is in quarantine.\n")
