"""The silver of the shop on tables: late, joining, splitting and repeated clicks and purchases in any batches."""

import datetime as dt
import json
import shutil
from functools import reduce

import pytest
from chispa import assert_df_equality
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse import tables
from lakehouse.lake import Lakehouse
from silver import records
from silver.shop import funnel, purchases, user_activity
from silver.shop.clicks import FIELDS, IDENTITY, checked, typed
from silver.shop.history import with_history
from silver.shop.item_activity import daily
from silver.shop.people import of_people
from silver.shop.sessions import Rules, sessions, with_owner
from silver.shop.tasks import (
    update_clicks,
    update_funnel,
    update_item_activity,
    update_purchases,
    update_sessions,
    update_user_activity,
)
from tests.unit.silver.arriving import raw, raw_file, receive, receive_file

START = dt.datetime(2024, 5, 1, 10)
UNIVERSES = 40
MOST_EVENTS = 20


def run(lake: Lakehouse) -> None:
    for job in (update_purchases, update_clicks, update_sessions, update_item_activity):
        job.run(lake, {})


def click(minute=0.0, *, session=None, user="u1", item="i1", kind="view", day=0, **more) -> str:
    timestamp = START + dt.timedelta(days=day, minutes=minute)
    fields = {"timestamp": f"{timestamp.isoformat()}Z", "session_id": session, "user_id": user, "item_id": item}
    return json.dumps(fields | {"event_type": kind} | more)


def purchase(amount=10.0, *, user="u1", item="i1", date="2024-04-01") -> str:
    return json.dumps({"user_id": user, "item_id": item, "purchase_amount": amount, "purchase_date": date})


CLICKS = {
    "joined": ([click(0), click(50)], [click(25)]),
    # The identity is the same; of several payloads the one with the smaller hash wins, so one of many others does.
    "split": (
        [click(0), click(25, event_id="split"), click(50)],
        [click(25, event_id="split", user=f"split-{n}") for n in range(10)],
    ),
    "extended": ([click(0), click(10)], [click(-20, kind="purchase", price=5)]),
    "beside": ([click(0, session="a"), click(1, session="b"), click(90, session="a")], []),
    "returned": ([click(0, session="c")], [click(0, session="c", day=3)]),
    "machine": ([click(n / 60, item="hyped") for n in range(MOST_EVENTS)], [click(1, item="hyped")]),
    "bought": ([click(0), click(1, day=-9), click(0, day=-1)], []),
    None: ([click(3, session="anonymous")], [click(4, session="anonymous")]),
}
"""What each user does before the first run and before the second one."""

FILES = (
    [purchase(10, user="bought", date="2024-04-25"), purchase(10, user="bought", date="2024-04-25")],
    [
        *(purchase(amount, user="bought\u200b ", date="2024-04-25") for amount in (10, 10)),
        purchase(40, user="bought", date="2024-04-30"),
        purchase("12,50 EUR"),
        '{"customer": "u1"}',
        purchase(10, user="undefined"),
    ],
)
"""Purchase files before each run: the second one repeats the first."""

BROKEN = [click(0, kind="teleport"), click(0, user=" "), "oops"]


def _of(user: str | None, value: str) -> str:
    fields = json.loads(value)
    return json.dumps(fields if fields["user_id"] != "u1" else fields | {"user_id": user})


@pytest.fixture(scope="module")
def lake(new_lake):
    """A lake after both runs; the cases have users of their own, because a run costs seconds."""
    lake = new_lake()
    lake = lake.with_settings(lake.settings.model_copy(update={"session_most_events": MOST_EVENTS}))
    for batch in range(2):
        clicks = [_of(user, value) for user, batches in CLICKS.items() for value in batches[batch]]
        receive(lake, tables.raw_clickstream, *clicks, *(BROKEN if batch else []))
        receive_file(lake, f"file-{batch}", *FILES[batch])
        run(lake)
    return lake


def sessions_of(lake: Lakehouse, user: str) -> list[tuple]:
    """Minute of the first event, and number of events, of each session."""
    rows = lake.read(tables.sessions).where(f"user_id = '{user}'").orderBy("started_at").collect()
    return [((r["started_at"] - START).total_seconds() / 60, r["num_events"]) for r in rows]


@pytest.mark.parametrize(
    ("user", "sessions"),
    [
        pytest.param("joined", [(0, 3)], id="a late click joins two sessions"),
        pytest.param("split", [(0, 1), (50, 1)], id="a click that is somebody else's splits one"),
        pytest.param("extended", [(-20, 3)], id="a click before the first moves the start"),
        pytest.param("beside", [(0, 2), (1, 1)], id="the producer's session counts where there is one"),
        pytest.param("returned", [(0, 1), (3 * 24 * 60, 1)], id="an id that comes back after days is another session"),
    ],
)
def test_sessions_follow_what_is_known_by_now(lake, user, sessions):
    assert sessions_of(lake, user) == sessions


def test_a_shopper_without_a_name_has_sessions(lake):
    rows = lake.read(tables.sessions).where("session_id = 'anonymous'").collect()

    assert [(r["user_id"], r["num_events"], r["past_purchases"]) for r in rows] == [(None, 2, 0)]


def test_more_events_than_a_person_makes_are_a_bots(lake):
    rows = lake.read(tables.sessions).where("is_bot").collect()

    assert [(r["user_id"], r["num_events"]) for r in rows] == [("machine", MOST_EVENTS + 1)]


def test_a_product_that_only_a_bot_looked_at_is_active_on_no_day(lake):
    assert lake.read(tables.clickstream_events).where("item_id = 'hyped'").count() == MOST_EVENTS + 1
    assert lake.read(tables.daily_item_activity).where("item_id = 'hyped'").isEmpty()


def test_a_purchase_that_comes_late_corrects_clicks_and_sessions(lake):
    expected = [(None, 0), (10, 2), (20, 3)]

    for table, time in ((tables.clickstream_events, "timestamp"), (tables.sessions, "started_at")):
        rows = lake.read(table).where("user_id = 'bought'").orderBy(time).collect()
        assert [(r["avg_purchase_amount"], r["past_purchases"]) for r in rows] == expected


def test_a_history_that_is_exported_again_counts_once(lake):
    assert sorted(r["purchase_amount"] for r in lake.read(tables.purchases).collect()) == [10, 10, 40]


def test_what_cannot_be_used_is_quarantined_with_its_place(lake):
    rows = lake.read(tables.quarantine).orderBy("source", "position").collect()

    assert [(r["source"], r["reason"], r["detail"]) for r in rows] == [
        ("bronze.clickstream", "unknown_event", "event_type=teleport"),
        ("bronze.clickstream", "missing_field", "session_id or user_id"),
        ("bronze.clickstream", "not_json", "not a JSON object"),
        ("bronze.purchases", "bad_number", "purchase_amount=12,50 EUR"),
        ("bronze.purchases", "missing_field", "user_id"),
        ("bronze.purchases", "no_id", "user_id=undefined"),
    ]


def test_items_are_counted_by_day(lake):
    events = lake.read(tables.clickstream_events)
    counted = lake.read(tables.daily_item_activity).where("num_purchases > 0").collect()

    views = events.where(
        (events.day == START.date()) & (events.event_type == "view") & (events.item_id == "i1")
    ).count()
    assert [(r["item_id"], r["day"], r["num_views"], r["num_purchases"]) for r in counted] == [
        ("i1", START.date(), views, 1)
    ]


def test_reading_everything_again_changes_nothing_but_what_no_click_tells(lake, spark):
    made = (tables.clickstream_events, tables.sessions, tables.daily_item_activity, tables.purchases)
    before = {table: sorted(lake.read(table).collect(), key=str) for table in made}
    for table, key in {tables.sessions: "session_key", tables.daily_item_activity: "item_id"}.items():
        lake.append_new(table, lake.read(table).limit(1).withColumn(key, F.lit("nobody's")))
    shutil.rmtree(lake.progress.folder)
    run(lake)

    assert {table: sorted(lake.read(table).collect(), key=str) for table in made} == before


_CLICK = st.fixed_dictionaries(
    {
        "event_id": st.sampled_from([None, "a", "b"]),
        "session": st.sampled_from([None, None, "s"]),
        "user": st.sampled_from(["u1", "u2"]),
        "item": st.sampled_from(["i1", "i2"]),
        "day": st.sampled_from([0, 0, 0, 1, 400]),
        # Around the gap of 30 minutes, and around midnight.
        "minute": st.sampled_from([0, 20, 29, 31, 50, 61, 90, 830, 845]),
        "kind": st.sampled_from(["view", "click", "purchase"]),
        "price": st.sampled_from([1, 2.5]),
    }
)
_PURCHASE = st.fixed_dictionaries(
    {
        "amount": st.sampled_from([10, 20]),
        "user": st.sampled_from(["u1", "u2"]),
        "date": st.sampled_from(["2024-04-30", "2024-05-01", "2024-05-02"]),
    }
)
_BATCHES = st.sets(st.integers(0, 1), min_size=1)
_UNIVERSE = st.tuples(
    st.lists(st.tuples(_CLICK, _BATCHES), min_size=1, max_size=8), st.lists(st.tuples(_PURCHASE, _BATCHES), max_size=3)
)


def batch_computation(lake: Lakehouse, clicks: list[str], files: list[list[str]]) -> dict[tables.Table, DataFrame]:
    """The tables as transforms make them of everything at once."""
    spark, rules = lake.spark, Rules.of(lake.settings)
    raw_files = reduce(DataFrame.union, (raw_file(spark, f"file-{n}", *rows) for n, rows in enumerate(files)))
    names = purchases.columns("")
    rows = purchases.checked(records.parsed(raw_files, purchases.FIELDS, 1000), names)
    bought = purchases.typed(records.flawless(rows))
    arrived = records.parsed(raw(spark, tables.raw_clickstream, *clicks), FIELDS, 1000)
    unique = IDENTITY.deduplicated(typed(records.flawless(checked(arrived))))
    events = with_history(unique, bought)
    made = sessions(with_owner(events), rules)
    peoples = of_people(events, made)
    return {
        tables.purchases: bought,
        tables.clickstream_events: events,
        tables.sessions: made,
        tables.daily_item_activity: daily(peoples),
        tables.daily_user_activity: user_activity.daily(peoples),
        tables.funnel_summary: funnel.windows(funnel.with_window(peoples)),
    }


@settings(max_examples=1, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(universes=st.lists(_UNIVERSE, min_size=UNIVERSES, max_size=UNIVERSES), random=st.randoms(use_true_random=False))
def test_in_any_batches_the_tables_equal_a_batch_computation(new_lake, universes, random):
    """Each universe is an independent case with ids of its own; all are run at once, as a run costs seconds."""
    # The first example that hypothesis offers is the smallest there is.
    assume(sum(len(clicked) for clicked, _ in universes) > 2 * UNIVERSES)
    clicks: list[list[str]] = [[], []]
    files: list[list[str]] = [[], []]
    for number, (clicked, bought) in enumerate(universes):
        for fields, arrives_in in clicked:
            own = {key: fields[key] and f"{number}-{fields[key]}" for key in ("event_id", "session", "user", "item")}
            for batch in arrives_in:
                clicks[batch].append(click(**fields | own))
        for fields, arrives_in in bought:
            for batch in arrives_in:
                files[batch].append(purchase(**fields | {"user": f"{number}-{fields['user']}"}))
    lake = new_lake()
    # So few that sessions become a bot's, and cease to be one, in the second batch.
    few = {"session_most_events": 1, "session_longest_hours": random.choice([0.5, 1, 24])}
    lake = lake.with_settings(lake.settings.model_copy(update=few))
    for number in range(2):
        random.shuffle(clicks[number])
        receive(lake, tables.raw_clickstream, *clicks[number])
        receive_file(lake, f"file-{number}", *files[number])
        run(lake)
        for job in (update_user_activity, update_funnel):
            job.run(lake, {})

    assert lake.read(tables.sessions).select("is_bot").distinct().count() == 2
    longest = lake.read(tables.sessions).agg(F.max("session_length")).first()[0]
    assert longest < lake.settings.session_longest_hours * 3600
    for table, expected in batch_computation(lake, clicks[0] + clicks[1], files).items():
        # When a window was final depends on the batches.
        fields = [field for field in table.schema if field.name in expected.columns]
        assert_df_equality(
            lake.read(table).select(*(field.name for field in fields)),
            expected.select(*(F.col(field.name).cast(field.dataType).alias(field.name) for field in fields)),
            ignore_row_order=True,
            ignore_nullable=True,
            ignore_metadata=True,
        )
