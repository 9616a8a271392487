"""The silver job on tables: late, repeated, conflicting and broken records in any batches."""

import datetime as dt
import json

from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from reclake import tables
from reclake.lake import Lakehouse
from silver.jobs import update_engagement, update_episodes, update_events
from tests.unit.silver.arriving import NOW, receive

UNIVERSES = 25


def run(lake: Lakehouse) -> None:
    for job in (update_events, update_engagement):
        job.run(lake, {})


def event(event_id="e1", user="u1", episode="ep1", kind="like", day=1, **more) -> str:
    ts = f"2024-05-{day:02}T10:00:00Z"
    return json.dumps(
        {"event_id": event_id, "ts": ts, "user_id": user, "new_episode_id": episode, "event": kind, **more}
    )


def engagement(lake: Lakehouse) -> dict:
    rows = lake.read(tables.daily_engagement).collect()
    return {(r["user_id"], r["new_episode_id"], r["day"].day): (r["engagement"], r["num_events"]) for r in rows}


def test_a_late_event_counts_on_its_own_day(lake):
    receive(lake, tables.raw_user_events, event("e1", day=9), event("e2", day=9, kind="skip"))
    run(lake)
    receive(lake, tables.raw_user_events, event("e3", day=2), event("e4", day=9, kind="complete"), event("e1", day=9))
    run(lake)

    assert engagement(lake) == {("u1", "ep1", 9): (4, 3), ("u1", "ep1", 2): (2, 1)}


def test_a_conflict_moves_engagement_to_the_payload_that_wins(lake):
    receive(lake, tables.raw_user_events, event("e1", user="u1"))
    run(lake)
    receive(lake, tables.raw_user_events, *(event("e1", user=f"u{n}") for n in range(2, 12)))
    run(lake)

    assert list(engagement(lake).values()) == [(2, 1)]


def test_broken_records_go_to_the_quarantine_once_and_the_rest_goes_on(lake):
    receive(lake, tables.raw_user_events, "oops", event("e1"), event("e2", kind="dance"))
    run(lake)
    receive(lake, tables.raw_user_events, "oops")
    run(lake)

    found = {(r["position"], r["reason"]) for r in lake.read(tables.quarantine).collect()}
    expected = {
        ("user_events/0/0", "not_json"),
        ("user_events/0/2", "unknown_event"),
        ("user_events/0/3", "not_json"),
    }
    assert found == expected
    assert lake.read(tables.user_events).count() == 1


def test_a_batch_that_is_read_again_changes_nothing(lake, spark):
    receive(lake, tables.raw_user_events, event("e1"), "oops", event("e2", kind="pause", listened_seconds=60))
    run(lake)
    before = {t: lake.state(t) for t in (tables.user_events, tables.daily_engagement, tables.quarantine)}
    spark.sql(f"DELETE FROM {lake.name(tables.progress)}")
    run(lake)

    assert {t: lake.state(t).num_rows for t in before} == {t: state.num_rows for t, state in before.items()}
    assert sum(r["num_events"] for r in lake.read(tables.daily_engagement).collect()) == 2


def test_the_newest_record_of_an_episode_wins_whatever_came_first(lake):
    def episode(title: str) -> str:
        return json.dumps({"episode_id": "ep1", "title": title, "categories": ["a"], "duration": "61.5"})

    receive(lake, tables.raw_episode_metadata, episode("new"), at=NOW)
    update_episodes.run(lake, {})
    receive(lake, tables.raw_episode_metadata, episode("old"), '{"episode_id": "ep2"}', at=NOW - dt.timedelta(days=1))
    update_episodes.run(lake, {})

    rows = lake.read(tables.episodes).collect()
    assert [(r["title"], r["categories"], r["duration"]) for r in rows] == [("new", ["a"], 61)]
    assert [r["detail"] for r in lake.read(tables.quarantine).collect()] == ["title"]


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
_ARRIVALS = st.lists(st.tuples(_EVENT, st.sets(st.integers(0, 2), min_size=1)), min_size=1, max_size=8)


@settings(
    max_examples=1,
    phases=[Phase.generate],
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(universes=st.lists(_ARRIVALS, min_size=UNIVERSES, max_size=UNIVERSES), random=st.randoms(use_true_random=False))
def test_batches_order_and_repetition_do_not_change_the_tables(new_lake, universes, random):
    """Each universe is an independent case with ids of its own; all are run at once, as a run costs seconds."""
    # The first example that hypothesis offers is the smallest there is.
    assume(sum(map(len, universes)) > 2 * UNIVERSES)
    in_batches, at_once = new_lake(), new_lake()
    batches: list[list[str]] = [[], [], []]
    for number, arrivals in enumerate(universes):
        for fields, arrives_in in arrivals:
            value = event(**fields | {key: f"{number}-{fields[key]}" for key in ("event_id", "user", "episode")})
            for batch in arrives_in:
                batches[batch].append(value)
    receive(at_once, tables.raw_user_events, *(value for batch in batches for value in batch))
    run(at_once)
    for batch in batches:
        random.shuffle(batch)
        receive(in_batches, tables.raw_user_events, *batch)
        run(in_batches)

    for table in (tables.user_events, tables.daily_engagement):
        assert sorted(in_batches.read(table).collect()) == sorted(at_once.read(table).collect())
