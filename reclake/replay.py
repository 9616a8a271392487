"""The command `reclake replay`: recorded behaviour as if it happened now."""

from __future__ import annotations

from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lakehouse.errors import TaskParameterError
from reclake.publishing import publish_with_progress

if TYPE_CHECKING:
    from lakehouse.settings import Settings
    from producers.replay.options import Options
    from producers.replay.replay import Recording
    from producers.replay.survey import Survey

MOST_NAMES = 20
"""Files that are named; of more, their number is told."""


class FileFormat(StrEnum):
    """Formats that a recorded file may have."""

    csv = "csv"
    json = "json"
    parquet = "parquet"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(replay)


def replay(
    path: Annotated[
        Path | None,
        typer.Argument(help="CSV, JSON or Parquet file, a folder of such files, or a MovieLens folder."),
    ] = None,
    sample: Annotated[
        bool, typer.Option("--sample", help="Instead of PATH: 200 clicks that come with RecLake.")
    ] = False,
    topic: Annotated[
        str | None,
        typer.Option(
            help="Where the events go.",
            show_default="clickstream if they have items and what happened to them, else user-events",
        ),
    ] = None,
    titles: Annotated[Path | None, typer.Option(help="File of titles, published to `episode-metadata`.")] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="FIELD=COLUMN",
            help="Where a field comes from; a.b is within an object, a+b is both; repeatable.",
        ),
    ] = None,
    constants: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="What a field is in every row; repeatable.")
    ] = None,
    event: Annotated[str | None, typer.Option(help="The event that every row is.")] = None,
    events: Annotated[
        list[str] | None,
        typer.Option(
            "--map-event", metavar="THEIRS=OURS", help="What an event means; THEIRS= leaves it out; repeatable."
        ),
    ] = None,
    columns: Annotated[
        str | None, typer.Option(metavar="A,B,C", help="Names of the columns, if the first line does not tell.")
    ] = None,
    rating_scale: Annotated[
        str | None, typer.Option(metavar="WORST-BEST", help="Such as 1-10.", show_default="0.5-5")
    ] = None,
    complete_from: Annotated[
        float | None,
        typer.Option(help="A rating from here on is also a `complete` event. [MovieLens: 4.5, else never]"),
    ] = None,
    timezone: Annotated[str, typer.Option(help="Of times that name none, such as Europe/Berlin.")] = "UTC",
    day_first: Annotated[
        bool | None,
        typer.Option("--day-first/--month-first", help="How to read 1/2/2024.", show_default="by the others"),
    ] = None,
    time_format: Annotated[
        str | None,
        typer.Option(help="s, ms, us, ns, excel, or such as %d.%m.%y %H:%M.", show_default="by what is there"),
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Of text, such as cp1252.", show_default="UTF-8, or UTF-16 if it looks like it")
    ] = None,
    speed_up: Annotated[float, typer.Option(min=0, help="3600: a recorded hour per second; 0: no waiting.")] = 0,
    file_format: Annotated[
        FileFormat | None, typer.Option("--format", help="Of PATH.", show_default="by the extension")
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Landing folder to write files into.", show_default="Kafka, or by EVENTS_SOURCE"
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only tell what would be sent, with the first record.")
    ] = False,
) -> None:
    """Publish recorded behaviour in time order, to Kafka or into files; common data sets and columns are recognised.

    Listening needs the columns ts, user_id, new_episode_id and event, or `--map` and `--event`; clicks need timestamp,
    item_id, event_type and session_id or user_id. Of a folder, all files are read as if they were one. The same file
    twice counts once.

    All rows are looked at before the first is sent: what an option would mend is refused, and what silver will not take
    is told with its number. Rows that are incomplete or no rows are sent all the same, and end in quarantine.
    """
    from lakehouse.settings import load_settings
    from producers.replay.numbers import Scale
    from producers.replay.options import Options
    from producers.replay.replay import files_of, look_at, open_recording
    from producers.replay.times import Given
    from producers.replay.vocabulary import LEFT_OUT

    options = Options(
        topic=topic,
        mapping=dict(_pair(entry, "--map user_id=userId") for entry in mapping or []),
        constants=dict(_pair(entry, "--set user_id=me") for entry in constants or []),
        event=event,
        events={
            theirs: ours or LEFT_OUT
            for theirs, ours in (
                _pair(entry, "--map-event cart=add_to_cart", may_be_empty=True) for entry in events or []
            )
        },
        columns=tuple(name.strip() for name in columns.split(",")) if columns else None,
        complete_from=complete_from,
        scale=Scale.parse(rating_scale) if rating_scale else None,
        times=Given(timezone, day_first, time_format),
        encoding=encoding,
        file_format=file_format.value if file_format else None,
        speed_up=speed_up,
    )
    source = _source(path, sample)
    if check:
        file_of_events, _ = files_of(source, titles)
        with look_at(open_recording(file_of_events, options), show_survey) as records:
            for record in islice(records, 1):
                typer.echo(f"First: {record.value.decode(errors='replace')}")
        return
    replay_with_progress(load_settings(), source, options, titles, to=to)


def replay_with_progress(
    settings: Settings, source: Path, options: Options, titles: Path | None = None, *, to: Path | None = None
) -> None:
    """Replay a recording under a progress bar: what is in it first, and in the end what became of its rows."""
    from producers.replay.replay import replay as send

    looked_at: list[Recording] = []

    def show_first(recording: Recording, survey: Survey) -> None:
        looked_at.append(recording)
        show_survey(recording, survey)

    publish_with_progress(
        f"Replaying {source.name}",
        None,
        lambda show: send(settings, source, options, titles=titles, to=to, on_survey=show_first, on_progress=show),
    )
    show_fate(looked_at[0])


def show_survey(recording: Recording, survey: Survey) -> None:
    """Show what is in the files, as what it is understood, and what will not be."""
    from rich.console import Console

    console = Console(soft_wrap=True, highlight=False, markup=False)
    rows, files = sum(survey.rows), len(survey.rows)
    console.print(f"{rows:,} rows in {files:,} file{'s' * (files > 1)}, {_span(survey)}, to {recording.topic}.")
    if renamed := recording.mapped.renamed:
        console.print("Read: " + ", ".join(f"{name} from {column!r}" for name, column in renamed.items()) + ".")
    if constants := recording.mapped.constants:
        console.print("Every row: " + ", ".join(f"{name} is {value!r}" for name, value in constants.items()) + ".")
    if left := recording.recorded.left:
        names = ", ".join(file.name for file in left[:MOST_NAMES])
        console.print(f"Not read: {names}{f' and {len(left) - MOST_NAMES:,} more' if len(left) > MOST_NAMES else ''}.")
    for finding in survey.findings:
        if not finding.is_refused:
            console.print(f"Note: {finding.text}")


def show_fate(recording: Recording) -> None:
    """Show what has become of the rows of each file."""
    from rich.console import Console

    from reclake.report import table_of

    fate = recording.fate
    kinds = sorted({kind for _, kind in fate})
    files = list(dict.fromkeys(file for file, _ in sorted(fate)))
    shown = [(file, [file]) for file in files[:MOST_NAMES]]
    if files[MOST_NAMES:]:
        shown.append((f"{len(files) - MOST_NAMES:,} more files", files[MOST_NAMES:]))
    lines = [
        (name, *(f"{n:,}" for n in (sum(counts), *counts)))
        for name, those in shown
        for counts in [[sum(fate[file, kind] for file in those) for kind in kinds]]
    ]
    Console().print(table_of("What became of the rows", ("file", "rows", *kinds), lines))


def _span(survey: Survey) -> str:
    from datetime import UTC, datetime, timedelta

    if survey.span is None:
        return "without times"
    first, last = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms) for ms in survey.span)
    return f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC"


def _source(path: Path | None, sample: bool) -> Path:
    if (path is None) != sample:
        raise TaskParameterError(
            "Give either the PATH of a recording or `--sample`, such as `reclake replay --sample`."
        )
    if path is not None:
        return path
    from producers.replay.sample import SAMPLE

    return SAMPLE


def _pair(entry: str, example: str, may_be_empty: bool = False) -> tuple[str, str]:
    name, equals, value = entry.partition("=")
    if not (name and equals and (value or may_be_empty)):
        option = example.split(" ")[0]
        form = {"--map": "field=column", "--set": "field=value"}.get(option, "theirs=ours")
        raise TaskParameterError(f"`{option} {entry}` is not of the form {form}, such as `{example}`.")
    return name, value
