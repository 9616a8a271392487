"""Mapping: which column of a recording each field of a record comes from."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Generic, TypeVar

from lakehouse.errors import TaskParameterError
from lakehouse.kafka import CLICKSTREAM, USER_EVENTS
from producers.replay.vocabulary import MOVIELENS_RATINGS, MOVIELENS_TITLES, column_for
from producers.shapes import CLICKS, LISTENING, EventShape, Shape

if TYPE_CHECKING:
    from producers.replay.recorded import Recorded

ValuePath = tuple[str, ...]
"""A column, and the keys of objects within objects that lead to a value."""

Source = tuple[ValuePath, ...]
"""Where a field's value is; of several, their values one after the other."""

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

S = TypeVar("S", bound=Shape)


def shape_of(topic: str) -> EventShape:
    """Tell the shape of a topic's events; a topic of one's own takes listening events."""
    return CLICKS if topic == CLICKSTREAM.name else LISTENING


def topic_of(columns: Collection[str], given: Collection[str]) -> str:
    """Tell where a recording belongs: clicks have an item and what happened to it, or a session, and no rating."""

    def says(name: str, shape: Shape) -> bool:
        return name in given or column_for(name, shape, columns) is not None

    is_clicks = (
        says("item_id", CLICKS)
        and (says("session_id", CLICKS) or says("event_type", CLICKS))
        and not says("new_episode_id", LISTENING)
        and not says("rating", LISTENING)
    )
    return CLICKSTREAM.name if is_clicks else USER_EVENTS.name


@dataclass(frozen=True)
class Mapped(Generic[S]):
    """Where the fields of a shape come from in one recording.

    Attributes
    ----------
    sources : mapping of str to Source
        Field to where its value is.
    constants : mapping of str to str
        Field to the value that every row has.
    is_movielens : bool
        Whether the file was recognised as MovieLens.
    """

    shape: S
    sources: Mapping[str, Source]
    constants: Mapping[str, str] = field(default_factory=dict)
    is_movielens: bool = False

    @cached_property
    def taken(self) -> frozenset[str]:
        """Columns that are a field, and so not kept under their own name as well."""
        return frozenset(source[0][0] for source in self.sources.values() if _is_plain(source))

    @cached_property
    def kept(self) -> frozenset[str]:
        """Names that columns which are no field may not have in a record."""
        return self.taken | frozenset(self.shape.fields)

    @cached_property
    def template(self) -> Mapping[str, str | None]:
        """A record without values."""
        return {"event_id": None, **dict.fromkeys(self.shape.required), **self.constants}

    @cached_property
    def plain_columns(self) -> tuple[tuple[str, str], ...]:
        """Fields that are a column, and the column."""
        return tuple((name, source[0][0]) for name, source in self.sources.items() if _is_plain(source))

    @cached_property
    def composed(self) -> tuple[tuple[str, Source], ...]:
        """Fields that lie within objects, or are of several columns."""
        return tuple((name, source) for name, source in self.sources.items() if not _is_plain(source))

    @property
    def renamed(self) -> Mapping[str, str]:
        """The fields whose column is called otherwise, for people to see."""
        return {name: said for name, source in self.sources.items() if (said := said_by(source)) != name}


def _is_plain(source: Source) -> bool:
    return len(source) == len(source[0]) == 1


def said_by(source: Source) -> str:
    """Write a source as `--map` has it."""
    return "+".join(".".join(path) for path in source)


def map_events(
    recorded: Recorded,
    shape: EventShape,
    given: Mapping[str, str],
    constants: Mapping[str, str] | None = None,
    event: str | None = None,
) -> Mapped[EventShape]:
    """Decide where the fields of events come from: `given` (field to column), else the column of the field's name.

    Raises
    ------
    InputFileError
        A required column is missing.
    TaskParameterError
        A field is given twice.
    """
    if event and shape.event in given:
        raise TaskParameterError(f"`--event` and `--map {shape.event}=...` exclude each other. Give one of them.")
    said = {**(constants or {}), **({shape.event: event} if event else {})}
    if twice := said.keys() & given.keys():
        raise TaskParameterError(f"{', '.join(sorted(twice))} is given by `--map` and by `--set`. Give one of them.")
    says_event = shape.event in {*given, *said} or column_for(shape.event, shape, recorded.columns) is not None
    is_movielens = shape is LISTENING and not says_event and set(MOVIELENS_RATINGS.values()) <= set(recorded.columns)
    dataset = recorded.dataset
    known = {shape.event: "rate"} if is_movielens else dict(dataset.constants) if dataset else {}
    said = {name: value for name, value in known.items() if name in shape.fields and name not in given} | said
    wanted = MOVIELENS_RATINGS if is_movielens else dict(dataset.mapping) if dataset else {}
    hint = f"Name its columns with `--map field=column`; `--event {shape.likely_event}` makes every row that event."
    return Mapped(shape, _sources(recorded, shape, {**wanted, **given}, said, hint), said, is_movielens)


def map_titles(recorded: Recorded, given: Mapping[str, str]) -> Mapped[Shape]:
    """Decide where the fields of episodes come from; MovieLens's titles are recognised.

    Raises
    ------
    InputFileError
        A required column is missing.
    """
    is_movielens = set(MOVIELENS_TITLES.values()) <= set(recorded.columns)
    known = MOVIELENS_TITLES if is_movielens else dict(recorded.dataset.mapping) if recorded.dataset else {}
    hint = "Name its columns with `--map episode_id=column` and `--map title=column`."
    return Mapped(TITLES, _sources(recorded, TITLES, {**known, **given}, {}, hint), is_movielens=is_movielens)


def given_for(shape: Shape, given: Mapping[str, str], *others: Shape, option: str = "--map") -> dict[str, str]:
    """Choose what concerns `shape` from a mapping that may also be for `others`.

    Raises
    ------
    TaskParameterError
        A field belongs to none of them.
    """
    known = shape.fields + tuple(name for other in others for name in other.fields)
    if unknown := [name for name in given if name not in known]:
        raise TaskParameterError(
            f"`{option}` names {', '.join(map(repr, unknown))}, which is no field. Use one of {', '.join(known)}."
        )
    return {name: column for name, column in given.items() if name in shape.fields}


def _sources(
    recorded: Recorded, shape: Shape, wanted: Mapping[str, str], constants: Mapping[str, str], hint: str
) -> dict[str, Source]:
    columns = recorded.columns
    sources = {
        name: _source(wanted[name], columns) if name in wanted else ((column_for(name, shape, columns) or name,),)
        for name in shape.fields
        if name not in constants
    }
    alternatives = shape.alternatives if isinstance(shape, EventShape) else ()
    found = [name for name in alternatives if name in constants or sources[name][0][0] in columns]
    spared = {*shape.optional, *(name for name in alternatives if found and name not in found)} - wanted.keys()
    needed: dict[str, str] = {}
    for name, source in sources.items():
        if name not in spared:
            # The first column that a file lacks, or the one that it has to have.
            lacking = next((path[0] for path in source if path[0] not in columns), source[0][0])
            needed[name] = lacking
    recorded.require(needed, hint)
    return sources


def _source(said: str, columns: Collection[str]) -> Source:
    """Read what `--map` says: a column, a value within an object (`a.b`), or several (`a+b`)."""
    if said in columns:
        return ((said,),)
    parts = said.split("+") if "+" in said else [said]
    return tuple(
        tuple(part.split(".")) if part not in columns and part.split(".")[0] in columns else (part,) for part in parts
    )
