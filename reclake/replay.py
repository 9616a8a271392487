"""The command `reclake replay`: recorded behaviour as if it happened now."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lakehouse.errors import TaskParameterError
from reclake.publishing import publish_with_progress


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
            show_default="clickstream if they have session_id and item_id, else user-events",
        ),
    ] = None,
    titles: Annotated[Path | None, typer.Option(help="File of titles, published to `episode-metadata`.")] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map", metavar="FIELD=COLUMN", help="Where a field comes from; repeatable, also for one column twice."
        ),
    ] = None,
    event: Annotated[str | None, typer.Option(help="The event that every row is.")] = None,
    complete_from: Annotated[
        float | None,
        typer.Option(help="A rating from here on is also a `complete` event. [MovieLens: 4.5, else never]"),
    ] = None,
    speed_up: Annotated[float, typer.Option(min=0, help="3600: a recorded hour per second; 0: no waiting.")] = 0,
    file_format: Annotated[
        FileFormat | None, typer.Option("--format", help="Of PATH.", show_default="by the extension")
    ] = None,
) -> None:
    """Publish recorded behaviour to Kafka in time order; MovieLens ratings are recognised.

    Listening needs the columns ts, user_id, new_episode_id and event, or `--map` and `--event`; clicks need timestamp,
    session_id, user_id, item_id and event_type. Of a folder, all files are read as if they were one. Every row is sent;
    rows that are incomplete end in quarantine. The same file twice counts once.

    Clicks without users or types: `--map session_id=Session --map item_id=Item --map user_id=Session --event view`.
    """
    from lakehouse.settings import load_settings
    from producers.replay.replay import replay as send

    columns = dict(_field_and_column(entry) for entry in mapping or [])
    source = _source(path, sample)
    settings = load_settings()
    publish_with_progress(
        f"Replaying {source.name}",
        None,
        lambda show: send(
            settings,
            source,
            topic=topic,
            titles=titles,
            mapping=columns,
            event=event,
            complete_from=complete_from,
            speed_up=speed_up,
            file_format=file_format.value if file_format else None,
            on_progress=show,
        ),
    )


def _source(path: Path | None, sample: bool) -> Path:
    if (path is None) != sample:
        raise TaskParameterError(
            "Give either the PATH of a recording or `--sample`, such as `reclake replay --sample`."
        )
    if path is not None:
        return path
    from producers.replay.sample import SAMPLE

    return SAMPLE


def _field_and_column(entry: str) -> tuple[str, str]:
    field, equals, column = entry.partition("=")
    if not (field and equals and column):
        raise TaskParameterError(f"`--map {entry}` is not of the form field=column, such as `--map user_id=userId`.")
    return field, column
