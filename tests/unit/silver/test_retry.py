"""Records judged anew: after a limit was raised, after a mapping was corrected, killed in between, and once more."""

import json

import pytest

from lakehouse import tables
from lakehouse.lake import Lakehouse
from silver.conservation import conserved
from silver.listening.refinements import EVENTS
from silver.listening.tasks import update_events
from silver.retry import Retried, retried
from silver.shop.tasks import update_purchases
from tests.unit.silver.arriving import receive, receive_file


def event(event_id: str, kind: str = "like", device: str = "ios") -> str:
    fields = {"event_id": event_id, "ts": "2024-05-01T10:00:00Z", "user_id": "u1", "new_episode_id": "ep1"}
    return json.dumps(fields | {"event": kind, "device": device})


def under(lake: Lakehouse, **settings: object) -> Lakehouse:
    return lake.with_settings(lake.settings.model_copy(update=settings))


def quarantined(lake: Lakehouse) -> dict[str, str]:
    return {row["position"]: row["reason"] for row in lake.read(tables.quarantine).collect()}


def ids(lake: Lakehouse) -> list[str]:
    return sorted(row["event_id"] for row in lake.read(tables.user_events).collect())


def test_what_passes_now_reaches_silver_once_and_the_rest_stays_with_its_new_reason(lake, monkeypatch):
    events = event("a", device="i" * 200), event("b", "dance", device="i" * 200), "oops", event("c")
    receive(lake, tables.raw_user_events, *events)
    update_events.run(under(lake, max_value_bytes=150), {})
    before = {
        f"user_events/0/{n}": reason for n, reason in enumerate(["oversized_value", "oversized_value", "not_json"])
    }
    assert quarantined(lake) == before

    with monkeypatch.context() as killed:
        killed.delattr(Lakehouse, "refresh")
        with pytest.raises(AttributeError):
            list(retried(lake, None, "oversized_value"))
    assert (ids(lake), quarantined(lake)) == (["a", "c"], before), "silver comes first"

    source = tables.raw_user_events
    assert list(retried(lake, None, "oversized_value")) == [Retried(source, 1, {"unknown_event": 1}, 0)]
    lake.spark.sql(f"DELETE FROM {lake.name(source)} WHERE offset = 2")
    assert list(retried(lake, source, "")) == [Retried(source, 0, {"unknown_event": 1}, 1)]
    assert list(retried(lake, tables.raw_clickstream, "")) == []

    assert ids(lake) == ["a", "c"]
    assert quarantined(lake) == {"user_events/0/1": "unknown_event", "user_events/0/2": "not_json"}
    row = conserved(EVENTS).counting(lake).rows.first()
    assert (row["records"], row["added"], row["refused"], row["lost"]) == (3, 2, 1, 0)


def test_purchases_are_judged_anew_a_file_at_a_time(lake):
    bought = {"customer": "u1", "item_id": "i1", "purchase_amount": 10, "purchase_date": "2024-04-01"}
    values = [json.dumps(bought | {"purchase_amount": amount}) for amount in (10, 10, "12,50 EUR")]
    receive_file(lake, "sales", *values)
    update_purchases.run(lake, {})
    assert set(quarantined(lake).values()) == {"missing_field"}

    mapped = under(lake, purchases_columns="user_id=customer")

    assert list(retried(mapped, None, "")) == [Retried(tables.raw_purchases, 2, {"bad_number": 1}, 0)]
    assert lake.read(tables.purchases).count() == 2
    assert quarantined(lake) == {"sales/2": "bad_number"}
