"""The suites: what is expected of each table, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reclake import tables
from reclake.quality.expectation import (
    Suite,
    between,
    in_set,
    matching,
    maximum,
    not_empty,
    not_null,
    single_valued,
    warning,
)
from reclake.settings import Settings
from reclake.tables import RAW_BY_TOPIC, Table

LAYERS = ("bronze", "silver", "text", "gold", "recommend")
"""What has a gate: layers, and the jobs of gold that stand beside the training."""

HIGHEST_QUARANTINED_SHARE = 0.05
"""More than this of the records of the same batches in quarantine, and a person should look."""

REASONS = (
    "absurd_seconds",
    "bad_number",
    "bad_timestamp",
    "clock_ahead",
    "empty_value",
    "missing_field",
    "negative_seconds",
    "not_json",
    "oversized_id",
    "oversized_value",
    "rating_out_of_range",
    "unknown_event",
)
"""Why a record may be quarantined; a reason beyond these is a rule that nobody has explained here yet."""

_KEY_ONCE = between("rows_of_key", 1, 1)
# Something changed and no row is there: someone deleted rows by hand.
_NOT_ONLY_DELETED = warning(not_empty())


def suites(layer: str, settings: Settings) -> Sequence[Suite]:
    """The suites of a layer's tables."""
    by_layer: Mapping[str, Sequence[Suite]] = {
        "bronze": [_received(topic, table) for topic, table in RAW_BY_TOPIC.items()],
        "silver": [_user_events(), _daily_engagement(), _episodes(), _quarantine()],
        "gold": [
            _ids(tables.user_ids),
            _ids(tables.item_ids),
            _top_n(settings.top_n),
            _item_item(settings.similar_n),
        ],
        "text": [_embeddings(), _text_similarities(settings.text_similar_n)],
        "recommend": [_final(settings.top_n)],
    }
    return by_layer[layer]


def _received(topic: str, table: Table) -> Suite:
    c = tables.raw_user_events.c
    return Suite(
        table,
        (
            _NOT_ONLY_DELETED,
            _KEY_ONCE,
            in_set(c.topic, topic),
            between(c.offset, 0),
            # Silver measures a producer's clock against Kafka's; merges and quarantine look for the batch's time.
            not_null(c.timestamp),
            not_null(c.ingested_at),
            warning(not_null(c.value, mostly=0.95)),
            warning(in_set("sent_before_read", True)),
        ),
        scope="inserted",
        derived=_counted(table) | {"sent_before_read": "timestamp <= ingested_at + INTERVAL 1 MINUTE"},
    )


def _user_events() -> Suite:
    c = tables.user_events.c
    return Suite(
        tables.user_events,
        (
            _NOT_ONLY_DELETED,
            _KEY_ONCE,
            *(not_null(column) for column in (c.ts, c.user_id, c.new_episode_id, c.event, c.weight)),
            in_set("is_day_of_ts", True),
            in_set(c.event, "like", "pause", "skip", "rate", "complete"),
            between(c.listened_seconds, 0, 86_400),
            between(c.rating, 0.5, 5),
            # Weights are settings, so a strong one is no error; by the defaults none is beyond 3.
            warning(between(c.weight, -10, 10)),
        ),
        scope="touched",
        derived=_counted(tables.user_events) | {"is_day_of_ts": "day = to_date(ts)"},
    )


def _daily_engagement() -> Suite:
    c = tables.daily_engagement.c
    return Suite(
        tables.daily_engagement,
        (
            _NOT_ONLY_DELETED,
            _KEY_ONCE,
            *(not_null(column) for column in (c.engagement, c.num_events, c.num_completed, c.last_ts)),
            between(c.num_events, 1),
            between("completed_share", 0, 1),
            # One listener, one episode, one day: more is a machine, or a producer that makes ids up.
            warning(between(c.num_events, None, 500)),
            warning(between(c.engagement, -200, 200)),
        ),
        scope="touched",
        derived=_counted(tables.daily_engagement) | {"completed_share": "try_divide(num_completed, num_events)"},
    )


def _episodes() -> Suite:
    c = tables.episodes.c
    return Suite(
        tables.episodes,
        (
            _NOT_ONLY_DELETED,
            _KEY_ONCE,
            not_null(c.title),
            # A record without these can never be replaced by a newer one.
            not_null(c.updated_at),
            not_null(c.updated_offset),
            warning(not_null(c.description, mostly=0.5)),
            warning(matching(c.audio_url, "^https?://")),
            warning(matching(c.transcript_url, "^https?://")),
            warning(matching(c.language, "^[A-Za-z]{2,3}([-_].+)?$", mostly=0.95)),
            warning(between(c.duration, 1, 86_400, mostly=0.95)),
        ),
        scope="touched",
        derived=_counted(tables.episodes),
    )


def _quarantine() -> Suite:
    c = tables.quarantine.c
    return Suite(
        tables.quarantine,
        (
            _NOT_ONLY_DELETED,
            warning(in_set(c.source, *map(str, RAW_BY_TOPIC.values()))),
            warning(not_null(c.reason)),
            warning(in_set(c.reason, *REASONS)),
            warning(maximum("share_of_records", HIGHEST_QUARANTINED_SHARE)),
        ),
        scope="inserted",
    )


def _ids(table: Table) -> Suite:
    # A merge on id cannot give one id two numbers; what can go wrong is one number for two ids.
    return Suite(
        table,
        (_NOT_ONLY_DELETED, not_null("idx"), between("idx", 0), between("rows_of_idx", 1, 1)),
        scope="touched",
        touched_by=("idx",),
        derived={"rows_of_idx": _rows_of("idx")},
    )


def _top_n(top_n: int) -> Suite:
    c = tables.als_top_n.c
    return Suite(
        tables.als_top_n,
        (
            not_empty(),
            _KEY_ONCE,
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
        derived=_counted(tables.als_top_n) | {"rows_of_rank": _rows_of(c.user_id, c.rank)},
    )


def _item_item(similar_n: int) -> Suite:
    c = tables.als_item_item.c
    return Suite(
        tables.als_item_item,
        (
            not_empty(),
            _KEY_ONCE,
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
        derived=_counted(tables.als_item_item)
        | {
            "rows_of_rank": _rows_of(c.new_episode_id, c.rank),
            "is_itself": "new_episode_id = similar_episode_id",
        },
    )


def _embeddings() -> Suite:
    c = tables.episode_embeddings.c
    return Suite(
        tables.episode_embeddings,
        (
            _NOT_ONLY_DELETED,
            _KEY_ONCE,
            not_null(c.encoder),
            not_null(c.content_hash),
            between("dimensions", 1),
            warning(not_null(c.embedding, mostly=0.9)),
        ),
        scope="touched",
        derived=_counted(tables.episode_embeddings) | {"dimensions": "size(embedding)"},
    )


def _text_similarities(similar_n: int) -> Suite:
    c = tables.text_similarities.c
    return Suite(
        tables.text_similarities,
        (
            _KEY_ONCE,
            between("rows_of_rank", 1, 1),
            in_set("is_itself", False),
            between(c.rank, 1, similar_n),
            not_null(c.similarity),
            between(c.similarity, -1, 1),
            single_valued(c.encoder),
        ),
        scope="whole",
        derived=_counted(tables.text_similarities)
        | {"rows_of_rank": _rows_of(c.episode_id, c.rank), "is_itself": "episode_id = similar_episode_id"},
    )


def _final(top_n: int) -> Suite:
    c = tables.final_recommendations.c
    return Suite(
        tables.final_recommendations,
        (
            not_empty(),
            _KEY_ONCE,
            between("rows_of_rank", 1, 1),
            between(c.rank, 1, top_n),
            not_null(c.score),
            # Standard deviations; wide enough for any listener, and what catches NaN and infinity.
            between(c.score, -1000, 1000),
            not_null(c.reason, mostly=0.99),
            in_set(c.reason, "liked", "similar", "popular"),
            warning(not_null(c.title, mostly=0.5)),
            not_null(c.model_version),
            single_valued(c.model_version),
            not_null(c.generated_at),
        ),
        scope="whole",
        derived=_counted(tables.final_recommendations) | {"rows_of_rank": _rows_of(c.user_id, c.rank)},
    )


def _counted(table: Table) -> dict[str, str]:
    return {"rows_of_key": _rows_of(*table.key)}


def _rows_of(*columns: str) -> str:
    return f"count(*) OVER (PARTITION BY {', '.join(columns)})"
