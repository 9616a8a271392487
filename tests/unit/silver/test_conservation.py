"""Accounts of bronze on real tables: what came even, and every kind of loss that is put in."""

import json

import pytest

from lakehouse import tables
from lakehouse.errors import QualityGateError
from lakehouse.quality.gate import check_quality
from silver.conservation import conserved
from silver.listening.refinements import EPISODES, EVENTS
from silver.listening.tasks import update_episodes, update_events
from silver.shop.refinements import CLICKS, PURCHASES
from silver.shop.tasks import update_clicks, update_purchases
from tests.unit.silver.arriving import NOW, receive, receive_file


def event(event_id: str, kind: str = "like") -> str:
    fields = {"event_id": event_id, "ts": "2024-05-01T10:00:00Z", "user_id": "u1", "new_episode_id": "ep1"}
    return json.dumps(fields | {"event": kind})


def episode(title: str) -> str:
    return json.dumps({"episode_id": "ep1", "title": title})


def click(**more: object) -> str:
    fields = {"timestamp": "2024-05-01T10:00:00Z", "user_id": "u1", "item_id": "i1", "event_type": "view"}
    return json.dumps(fields | more)


def purchase(amount: object) -> str:
    fields = {"user_id": "u1", "item_id": "i1", "purchase_amount": amount, "purchase_date": "2024-04-01"}
    return json.dumps(fields)


def account(lake, refinement):
    """Count what is new, as a gate does that finds it good; none if nothing is."""
    counted = conserved(refinement).counting(lake)
    if counted is None:
        return None
    counted.new.commit()
    row = counted.rows.first()
    return row["records"], row["added"], row["repeated"], row["refused"], row["lost"]


def test_listening_comes_out_even_until_something_is_lost(lake, monkeypatch):
    receive(lake, tables.raw_user_events, event("a"), event("a"), event("b"), event("c", "dance"), "oops")
    assert account(lake, EVENTS) is None, "silver has read nothing yet"
    update_events.run(lake, {})
    assert account(lake, EVENTS) == (5, 2, 1, 2, 0)
    assert account(lake, EVENTS) is None, "nothing is new"

    # A row that leaves silver, one that leaves the quarantine, a record that silver passes by.
    lake.spark.sql(f"DELETE FROM {lake.name(tables.user_events)} WHERE event_id = 'b'")
    lake.spark.sql(f"DELETE FROM {lake.name(tables.quarantine)} WHERE position = 'user_events/0/4'")
    receive(lake, tables.raw_user_events, event("d"))
    lake.progress.commit(EVENTS.consumer, {str(EVENTS.source): lake.version(EVENTS.source)})

    monkeypatch.setattr("lakehouse.quality.gate.suites", lambda layer, settings: [conserved(EVENTS)])
    with pytest.raises(QualityGateError, match=r"ops\.conservation\.user_events .*max_value=0\): 3"):
        check_quality.run(lake, {"layer": "silver"})
    row = lake.read(tables.conservation).where("lost > 0").first()
    assert (row["source"], row["lost"], row["example"]) == ("bronze.user_events", 3, "user_events/0/2")

    lake.progress.forget(EVENTS.consumer)
    update_events.run(lake, {})
    assert account(lake, EVENTS) == (2, 1, 0, 1, 0), "what failed is looked at again"


def test_an_update_that_an_episode_did_not_get_is_a_loss(lake):
    receive(lake, tables.raw_episode_metadata, episode("old"), episode("new"), "oops")
    update_episodes.run(lake, {})
    lake.spark.sql(f"UPDATE {lake.name(tables.episodes)} SET updated_offset = 0")

    assert account(lake, EPISODES) == (3, 1, 0, 1, 1)


def test_the_shop_comes_out_even_whatever_files_are_taken_back(lake):
    receive(lake, tables.raw_clickstream, click(), click(), click(event_id="x"), click(user_id=" "))
    receive_file(lake, "first", purchase(10), purchase(10), purchase("12,50 EUR"))
    receive_file(lake, "second", purchase(10), purchase(20))
    update_purchases.run(lake, {})
    update_clicks.run(lake, {})
    assert account(lake, CLICKS) == (4, 2, 1, 1, 0)
    assert account(lake, PURCHASES) == (5, 3, 1, 1, 0)

    name = lake.name(tables.raw_purchases)
    lake.spark.sql(f"UPDATE {name} SET superseded_at = TIMESTAMP '{NOW}' WHERE file = 'first'")
    assert account(lake, PURCHASES) is None, "silver has to read it first"
    update_purchases.run(lake, {})
    assert lake.read(tables.quarantine).where("source = 'bronze.purchases'").isEmpty()
    lake.spark.sql(f"DELETE FROM {lake.name(tables.purchases)} WHERE purchase_amount = 20")
    assert account(lake, PURCHASES) == (2, 0, 1, 0, 1)
