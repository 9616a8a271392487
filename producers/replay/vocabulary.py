"""The vocabulary of recordings: what others call our fields and events, and the data sets that people have."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from producers.shapes import CLICKS, LISTENING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from producers.shapes import EventShape, Shape

LEFT_OUT = "\0"
"""What an event is mapped to that is not to be sent."""

_FIELDS: Mapping[str, tuple[str, ...]] = {
    "user_id": ("user", "username", "visitorid", "visitor", "customerid"),
    "session_id": ("session", "usersession", "visitid"),
    "item_id": ("item", "productid", "product", "sku"),
    "timestamp": ("time", "eventtime", "datetime", "ts"),
    "ts": ("time", "eventtime", "datetime", "playedat", "listenedat"),
    "new_episode_id": ("episodeid", "episode"),
    "event_type": ("event", "eventname", "action", "behavior"),
    "event": ("eventtype", "eventname", "action"),
}
"""Names of required fields, as `plain` has them; any field is known by its own."""

_EVENTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "event_type": {
        "view": ("views", "viewed", "pageview", "pv", "productview", "productviewed", "viewitem", "viewproduct"),
        "click": ("clicks", "clicked"),
        "add_to_cart": ("cart", "carts", "addtobasket", "addtobag", "basket", "productadded", "addedtocart", "cartadd"),
        "purchase": ("transaction", "buy", "buys", "bought", "order", "ordered", "purchased", "orderplaced"),
    },
    "event": {
        "like": ("likes", "liked", "love", "loved", "favorite", "favourite", "thumbsup"),
        "pause": ("paused",),
        "skip": ("skips", "skipped"),
        "rate": ("rating", "rated"),
        "complete": ("completed", "finish", "finished"),
    },
}
"""Our events, by what others call them."""


def plain(name: str) -> str:
    """Reduce a name to its letters and digits.

    Examples
    --------
    >>> plain("Session ID"), plain("user_session"), plain("addToCart")
    ('sessionid', 'usersession', 'addtocart')
    """
    return re.sub(r"[\W_]", "", name).lower()


def meanings(shape: EventShape) -> Mapping[str, str]:
    """Our event by what an event may be called, as `plain` has it."""
    return {called: ours for ours, others in _EVENTS[shape.event].items() for called in (ours, plain(ours), *others)}


def column_for(name: str, shape: Shape, columns: Collection[str]) -> str | None:
    """Find the column that a field is called by: its name, its name in another spelling, or what others call it."""
    if name in columns:
        return name
    called = {plain(column): column for column in reversed(list(columns))}
    known = (plain(name), *(_FIELDS.get(name, ()) if name in shape.required else ()))
    return next((called[other] for other in known if other in called), None)


@dataclass(frozen=True)
class Dataset:
    """A data set that is known by the names of its files, which do not name their columns.

    Attributes
    ----------
    columns : tuple of str
        What its files hold, in order.
    mapping : mapping of str to str
        Where fields come from.
    constants : mapping of str to str
        Fields that are the same in every row.
    encoding : str or None
        What a file that is not UTF-8 is in.
    """

    files: str
    columns: tuple[str, ...]
    mapping: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None


MOVIELENS_RATINGS = {"user_id": "userId", "new_episode_id": "movieId", "rating": "rating", "ts": "timestamp"}
MOVIELENS_COMPLETE_FROM = 4.5
MOVIELENS_TITLES = {"episode_id": "movieId", "title": "title", "categories": "genres"}

_GENRES = tuple(f"genre_{number}" for number in range(19))
_DATASETS = (
    Dataset(r"u\.data", ("userId", "movieId", "rating", "timestamp")),
    Dataset(r"ratings\.dat", ("userId", "movieId", "rating", "timestamp")),
    # Of 1 million ratings Latin-1, of 10 million UTF-8.
    Dataset(r"movies\.dat", ("movieId", "title", "genres"), encoding="latin-1"),
    Dataset(
        r"u\.item",
        ("movieId", "title", "released", "released_on_video", "imdb_url", *_GENRES),
        {"episode_id": "movieId"},
        encoding="latin-1",
    ),
    Dataset(
        r"yoochoose-(clicks|test)\.dat",
        ("session_id", "timestamp", "item_id", "category"),
        constants={CLICKS.event: "view"},
    ),
    Dataset(
        r"yoochoose-buys\.dat",
        ("session_id", "timestamp", "item_id", "price", "quantity"),
        constants={CLICKS.event: "purchase"},
    ),
    Dataset(
        r"userid-timestamp-artid-artname-traid-traname\.tsv",
        ("user_id", "ts", "artist_id", "artist", "track_id", "track"),
        {"new_episode_id": "artist+track"},
        {LISTENING.event: "complete"},
    ),
    Dataset(
        r"usersha1-artmbid-artname-plays\.tsv",
        ("user_id", "artist_id", "artist", "plays"),
        {"new_episode_id": "artist"},
        {LISTENING.event: "complete"},
    ),
)


def dataset_of(path: Path) -> Dataset | None:
    """Find the data set that a file is of, by its name."""
    name = re.sub(r"\.(gz|bz2|xz|zst)$", "", path.name)
    return next((dataset for dataset in _DATASETS if re.fullmatch(dataset.files, name)), None)
