"""Mapping: which column of a recording each field of a record comes from."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from lakehouse.errors import TaskParameterError
from lakehouse.kafka import CLICKSTREAM, USER_EVENTS
from producers.shapes import CLICKS, LISTENING, EventShape, Shape

if TYPE_CHECKING:
    from producers.replay.recorded import Recorded

MOVIELENS_RATINGS = {"user_id": "userId", "new_episode_id": "movieId", "rating": "rating", "ts": "timestamp"}
MOVIELENS_COMPLETE_FROM = 4.5
MOVIELENS_TITLES = {"episode_id": "movieId", "title": "title", "categories": "genres"}

TITLES = Shape(
    required=("episode_id", "title"),
    optional=(
        "author",
        "description",
        "audio_url",
        "feed_id",
        "language",
        "categories",
        "duration",
        "published_at",
    ),
    numbers=("duration",),
    key="episode_id",
)


def shape_of(topic: str) -> EventShape:
    """Tell the shape of a topic's events; a topic of one's own takes listening events."""
    return CLICKS if topic == CLICKSTREAM.name else LISTENING


S = TypeVar("S", bound=Shape)


def topic_of(columns: Collection[str], given: Mapping[str, str]) -> str:
    """Tell where a recording belongs: clicks have a session and an item, by the name of a column or a mapping."""
    said = {*columns, *given}
    is_clicks = {"session_id", "item_id"} <= said and "new_episode_id" not in said
    return CLICKSTREAM.name if is_clicks else USER_EVENTS.name


@dataclass(frozen=True)
class Mapped(Generic[S]):
    """Where the fields of a shape come from in one file.

    Attributes
    ----------
    columns : mapping of str to str
        Field to column.
    constants : mapping of str to str
        Field to the value that every row has.
    is_movielens : bool
        Whether the file was recognised as MovieLens.
    """

    shape: S
    columns: Mapping[str, str]
    constants: Mapping[str, str] = field(default_factory=dict)
    is_movielens: bool = False


def map_events(
    recorded: Recorded, shape: EventShape, given: Mapping[str, str], event: str | None
) -> Mapped[EventShape]:
    """Decide where the fields of events come from: `given` (field to column), else the column of the field's name.

    Raises
    ------
    InputFileError
        A required column is missing.
    TaskParameterError
        Both `event` and a column of events are given.
    """
    if event and shape.event in given:
        raise TaskParameterError(f"`--event` and `--map {shape.event}=...` exclude each other. Give one of them.")
    says_event = shape.event in given or shape.event in recorded.columns
    is_movielens = shape is LISTENING and not says_event and set(MOVIELENS_RATINGS.values()) <= set(recorded.columns)
    constants = {shape.event: event} if event else {shape.event: "rate"} if is_movielens else {}
    known = MOVIELENS_RATINGS if is_movielens else {}
    hint = f"Name its columns with `--map field=column`; `--event {shape.likely_event}` makes every row that event."
    return Mapped(shape, _columns(recorded, shape, {**known, **given}, constants, hint), constants, is_movielens)


def map_titles(recorded: Recorded, given: Mapping[str, str]) -> Mapped[Shape]:
    """Decide where the fields of episodes come from; MovieLens's `movies.csv` is recognised.

    Raises
    ------
    InputFileError
        A required column is missing.
    """
    is_movielens = set(MOVIELENS_TITLES.values()) <= set(recorded.columns)
    known = MOVIELENS_TITLES if is_movielens else {}
    hint = "Name its columns with `--map episode_id=column` and `--map title=column`."
    return Mapped(TITLES, _columns(recorded, TITLES, {**known, **given}, {}, hint), is_movielens=is_movielens)


def given_for(shape: Shape, given: Mapping[str, str], *others: Shape) -> dict[str, str]:
    """Choose what concerns `shape` from a mapping that may also be for `others`.

    Raises
    ------
    TaskParameterError
        A field belongs to none of them.
    """
    known = shape.fields + tuple(name for other in others for name in other.fields)
    if unknown := [name for name in given if name not in known]:
        raise TaskParameterError(
            f"`--map` names {', '.join(map(repr, unknown))}, which is no field. Use one of {', '.join(known)}."
        )
    return {name: column for name, column in given.items() if name in shape.fields}


def _columns(
    recorded: Recorded, shape: Shape, wanted: Mapping[str, str], constants: Mapping[str, str], hint: str
) -> dict[str, str]:
    columns = {name: wanted.get(name, name) for name in shape.fields if name not in constants}
    optional = {name for name in shape.optional if name not in wanted}
    recorded.require({name: column for name, column in columns.items() if name not in optional}, hint)
    return columns
