"""What is expected of numbers of users and episodes, and of what listening alone recommends."""

from __future__ import annotations

from collections.abc import Sequence

from lakehouse import tables
from lakehouse.quality.expectation import Suite, between, in_set, not_empty, not_null, warning
from lakehouse.quality.keys import KEY_ONCE, NOT_ONLY_DELETED, RANK_ONCE, STAMPED, ranked, rows_of
from lakehouse.recommendations import LIKED, POPULAR
from lakehouse.settings import Settings
from lakehouse.tables import Table


def suites(settings: Settings) -> Sequence[Suite]:
    """What is expected of the layer's tables."""
    return [
        _ids(tables.user_ids),
        _ids(tables.item_ids),
        _top_n(settings.top_n),
        _item_item(settings.similar_n),
    ]


def _ids(table: Table) -> Suite:
    # A merge on id cannot give one id two numbers; what can go wrong is one number for two ids.
    return Suite(
        table,
        (NOT_ONLY_DELETED, not_null("idx"), between("idx", 0), between("rows_of_idx", 1, 1)),
        scope="touched",
        touched_by=("idx",),
        derived={"rows_of_idx": rows_of("idx")},
    )


def _top_n(top_n: int) -> Suite:
    c = tables.als_top_n.c
    return Suite(
        tables.als_top_n,
        (
            not_empty(),
            KEY_ONCE,
            RANK_ONCE,
            not_null(c.rank),
            between(c.rank, 1, top_n),
            not_null(c.als_score),
            # Wide enough for any sane factors, and what catches NaN and infinity.
            between(c.als_score, -100, 100),
            warning(between(c.als_score, -0.5, 1.5, mostly=0.99)),
            warning(in_set(c.reason, LIKED, POPULAR)),
            *STAMPED,
        ),
        scope="whole",
        derived=ranked(tables.als_top_n, c.user_id),
    )


def _item_item(similar_n: int) -> Suite:
    c = tables.als_item_item.c
    return Suite(
        tables.als_item_item,
        (
            not_empty(),
            KEY_ONCE,
            RANK_ONCE,
            in_set("is_itself", False),
            not_null(c.rank),
            between(c.rank, 1, similar_n),
            not_null(c.similarity),
            # A cosine, with room for rounding.
            between(c.similarity, -1.0001, 1.0001),
            warning(between(c.similarity, 0, None, mostly=0.5)),
            *STAMPED,
        ),
        scope="whole",
        derived=ranked(tables.als_item_item, c.new_episode_id)
        | {
            "is_itself": "new_episode_id = similar_episode_id",
        },
    )
