"""The silver job on tables: late, repeated, conflicting and broken records in any batches."""

import datetime as dt
import json
import shutil
from decimal import Decimal

import pytest
from chispa import assert_df_equality
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from lakehouse import tables
from lakehouse.lake import Lakehouse
from silver import records
from silver.listening.engagement import daily
from silver.listening.events import FIELDS, IDENTITY, checked, typed, with_weight
from silver.listening.tasks import update_engagement, update_episodes, update_events
from tests.unit.silver.arriving import NOW, raw, receive

UNIVERSES = 40


def run(lake: Lakehouse) -> None:
    for job in (update_events, update_engagement, update_episodes):
        job.run(lake, {})


def event(event_id="e1", user="u1", episode="ep1", kind="like", day=1, **more) -> str:
    ts = f"2024-05-{day:02}T10:00:00Z"
    return json.dumps(
        {"event_id": event_id, "ts": ts, "user_id": user, "new_episode_id": episode, "event": kind, **more}
    )


def episode(title: str | None, episode_id="ep1") -> str:
    return json.dumps({"episode_id": episode_id, "title": title, "categories": ["a"], "duration": "61.5"})


BATCHES = (
    [
        event("late-1", user="late", day=9),
        event("late-2", user="late", day=9, kind="skip"),
        event("conflict", user="conflict-1"),
        "oops",
        event("broken", kind="dance"),
        event("pause", user="pause", kind="pause", listened_seconds=60),
    ],
    [
        event("late-3", user="late", day=2),
        event("late-4", user="late", day=9, kind="complete"),
        event("late-1", user="late", day=9),
        *(event("conflict", user=f"conflict-{n}") for n in range(2, 12)),
        "oops",
    ],
)
"""What arrives before each run; the cases have users of their own, because a run costs seconds."""


@pytest.fixture(scope="module")
def lake(new_lake):
    lake = new_lake()
    receive(lake, tables.raw_user_events, *BATCHES[0])
    receive(lake, tables.raw_episode_metadata, episode("new"))
    run(lake)
    receive(lake, tables.raw_user_events, *BATCHES[1])
    earlier = NOW - dt.timedelta(days=1)
    receive(lake, tables.raw_episode_metadata, episode("old"), episode(None, "ep2"), at=earlier)
    run(lake)
    return lake


def engagement(lake: Lakehouse, user: str) -> list[tuple]:
    rows = lake.read(tables.daily_engagement).where(f"startswith(user_id, '{user}')").orderBy("day").collect()
    return [(row["day"].day, row["engagement"], row["num_events"]) for row in rows]


def test_a_late_event_counts_on_its_own_day(lake):
    assert engagement(lake, "late") == [(2, 2, 1), (9, 4, 3)]


def test_a_conflict_moves_engagement_to_the_payload_that_wins(lake):
    assert engagement(lake, "conflict") == [(1, 2, 1)]


def test_broken_records_go_to_the_quarantine_once_and_the_rest_goes_on(lake):
    found = {(r["position"], r["reason"]) for r in lake.read(tables.quarantine).collect()}

    assert found == {
        ("user_events/0/3", "not_json"),
        ("user_events/0/4", "unknown_event"),
        (f"user_events/0/{len(BATCHES[0]) + len(BATCHES[1]) - 1}", "not_json"),
        ("episode_metadata/0/2", "missing_field"),
    }
    assert engagement(lake, "pause") == [(1, Decimal("0.1"), 1)]


def test_the_newest_record_of_an_episode_wins_whatever_came_first(lake):
    rows = lake.read(tables.episodes).collect()

    assert [(r["title"], r["categories"], r["duration"]) for r in rows] == [("new", ["a"], 61)]


def test_a_batch_that_is_read_again_changes_nothing(lake, spark):
    made = (tables.user_events, tables.daily_engagement, tables.quarantine, tables.episodes)
    before = {table: sorted(lake.read(table).collect(), key=str) for table in made}
    shutil.rmtree(lake.progress.folder)
    run(lake)

    assert {table: sorted(lake.read(table).collect(), key=str) for table in made} == before


_EVENT = st.fixed_dictionaries(
    {
        "event_id": st.sampled_from(["a", "b", "c"]),
        "user": st.sampled_from(["u1", "u2"]),
        "episode": st.sampled_from(["ep1", "ep2"]),
        "day": st.integers(1, 3),
        "listened_seconds": st.floats(0, 1000),
        "kind": st.sampled_from(["like", "pause", "skip", "dance"]),
    }
)
_ARRIVALS = st.lists(st.tuples(_EVENT, st.sets(st.integers(0, 1), min_size=1)), min_size=1, max_size=8)


@settings(max_examples=1, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(universes=st.lists(_ARRIVALS, min_size=UNIVERSES, max_size=UNIVERSES), random=st.randoms(use_true_random=False))
def test_in_any_batches_the_tables_equal_a_batch_computation(new_lake, universes, random):
    """Each universe is an independent case with ids of its own; all are run at once, as a run costs seconds."""
    # The first example that hypothesis offers is the smallest there is.
    assume(sum(map(len, universes)) > 2 * UNIVERSES)
    batches: list[list[str]] = [[], []]
    for number, arrivals in enumerate(universes):
        for fields, arrives_in in arrivals:
            value = event(**fields | {key: f"{number}-{fields[key]}" for key in ("event_id", "user", "episode")})
            for batch in arrives_in:
                batches[batch].append(value)
    lake = new_lake()
    for batch in batches:
        random.shuffle(batch)
        receive(lake, tables.raw_user_events, *batch)
        run(lake)

    arrived = records.parsed(raw(lake.spark, tables.raw_user_events, *batches[0], *batches[1]), FIELDS, 1000)
    events = typed(records.flawless(checked(arrived))).transform(with_weight, lake.settings.weights)
    unique = IDENTITY.deduplicated(events)
    for table, expected in {tables.user_events: unique, tables.daily_engagement: daily(unique)}.items():
        columns = table.schema.names
        assert_df_equality(
            lake.read(table),
            expected.select(columns),
            ignore_row_order=True,
            ignore_nullable=True,
            ignore_metadata=True,
        )


def test_other_weights_count_for_old_events_too_and_who_has_none_left_has_no_engagement(new_lake):
    lake = new_lake()
    schema = tables.user_events.schema
    liked = [
        (name, dt.date(2024, 5, 1), dt.datetime(2024, 5, 1, 10), name, "ep1", "like", None, None, None)
        for name in ("a", "gone")
    ]
    events = lake.spark.createDataFrame(liked, schema)
    lake.upsert(tables.user_events, events)
    update_engagement.run(lake, {})
    assert engagement(lake, "") == [(1, 2, 1), (1, 2, 1)]
    lake.refresh(tables.user_events, events.where("user_id = 'a'"), scope=events.select(*tables.user_events.key))

    update_engagement.run(lake.with_settings(lake.settings.model_copy(update={"event_weight_like": 7.0})), {})

    assert engagement(lake, "") == [(1, 7, 1)]
