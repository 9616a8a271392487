"""What is expected of numbers of users and episodes, and of what listening alone recommends."""

from __future__ import annotations

from collections.abc import Sequence

from reclake import tables
from reclake.quality.expectation import Suite, between, in_set, not_empty, not_null, single_valued, warning
from reclake.quality.suites.keys import KEY_ONCE, NOT_ONLY_DELETED, counted, rows_of
from reclake.settings import Settings
from reclake.tables import Table


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
            between("rows_of_rank", 1, 1),
            not_null(c.rank),
            between(c.rank, 1, top_n),
            not_null(c.als_score),
            # Wide enough for any sane factors, and what catches NaN and infinity.
            between(c.als_score, -100, 100),
            warning(between(c.als_score, -0.5, 1.5, mostly=0.99)),
            warning(in_set(c.reason, "liked", "popular")),
            not_null(c.model_version),
            single_valued(c.model_version),
            not_null(c.generated_at),
        ),
        scope="whole",
        derived=counted(tables.als_top_n) | {"rows_of_rank": rows_of(c.user_id, c.rank)},
    )


def _item_item(similar_n: int) -> Suite:
    c = tables.als_item_item.c
    return Suite(
        tables.als_item_item,
        (
            not_empty(),
            KEY_ONCE,
            between("rows_of_rank", 1, 1),
            in_set("is_itself", False),
            not_null(c.rank),
            between(c.rank, 1, similar_n),
            not_null(c.similarity),
            # A cosine, with room for rounding.
            between(c.similarity, -1.0001, 1.0001),
            warning(between(c.similarity, 0, None, mostly=0.5)),
            not_null(c.model_version),
            single_valued(c.model_version),
            not_null(c.generated_at),
        ),
        scope="whole",
        derived=counted(tables.als_item_item)
        | {
            "rows_of_rank": rows_of(c.new_episode_id, c.rank),
            "is_itself": "new_episode_id = similar_episode_id",
        },
    )
