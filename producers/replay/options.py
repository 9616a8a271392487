"""Options of a replay: what a person says about a recording that it does not say itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from producers.replay.files import Format
from producers.replay.numbers import Scale
from producers.replay.times import Given


@dataclass(frozen=True)
class Options:
    """What is said about a recording; what is not said is found out, or refused.

    Attributes
    ----------
    topic : str, optional
        None: `clickstream` for a recording that has items and what happened to them, else `user-events`.
    mapping : mapping of str to str
        Field to column, for columns that are not called like the field: also `a.b`, a value within an object, and
        `a+b`, several, such as a date and a time. One column may serve several fields.
    constants : mapping of str to str
        Field to the value that every row has.
    event : str, optional
        The event that every row is, for a file that does not say.
    events : mapping of str to str
        What the file calls an event, to ours, or to `vocabulary.LEFT_OUT`.
    columns : tuple of str, optional
        The columns of a file whose first line does not name them.
    complete_from : float, optional
        A `rate` event with at least this rating, as the file has it, is also a `complete` event. None: 4.5 for
        MovieLens, else never.
    scale : Scale, optional
        Of the ratings. None: 0.5 to 5.
    times : Given
        How times are to be read.
    encoding : str, optional
        Of text files. None: UTF-8, or UTF-16 if it looks like it.
    file_format : {"csv", "json", "parquet"}, optional
        None: by the extension.
    speed_up : float
        How many times as fast as recorded; 0: without waiting.
    """

    topic: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    event: str | None = None
    events: Mapping[str, str] = field(default_factory=dict)
    columns: tuple[str, ...] | None = None
    complete_from: float | None = None
    scale: Scale | None = None
    times: Given = field(default_factory=Given)
    encoding: str | None = None
    file_format: Format | None = None
    speed_up: float = 0.0
