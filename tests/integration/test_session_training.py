"""Which model of sessions serves."""

import pytest

from gold.engines.configuration import Configuration
from gold.shop import training
from gold.shop.champion import champion_model, install
from gold.shop.factors import SessionFactors, fit
from gold.shop.item_item import ItemItem
from gold.shop.tasks import train_sessions
from lakehouse import tables
from lakehouse.errors import NothingToServeError
from lakehouse.settings import ClickWeights
from tests.unit.gold.shop.rows import put, session, sessions

SMALL = Configuration(engine="implicit_als", rank=2, alpha=5, regularization=0.1, iterations=2)


def evaluations(lake):
    rows = lake.read(tables.model_evaluations).where("metric = 'mrr_at_20'").collect()
    return {row["model"]: (row["value"], row["num_users"], row["model_version"]) for row in rows}


def test_what_finds_the_newest_items_serves_and_all_are_on_record(lake, monkeypatch):
    monkeypatch.setattr(training, "FEWEST_USERS", 5)
    # Two kinds of products, each with an order of its own.
    kinds = ("abcd", "pqrs")
    seen = [session(f"s{n}", (kinds[n % 2] * 2)[n % 4 :][:3], hour=n / 4) for n in range(60)]
    put(lake, *seen)

    train_sessions.run(lake, {})

    model, version = champion_model(lake)
    found = evaluations(lake)
    assert found.keys() == {"item-item", "ALS fold-in", "popularity"}
    assert {users for _, users, _ in found.values()} == {12}
    winner = version.rpartition(" ")[0]
    assert found[winner][0] == max(mrr for mrr, *_ in found.values()) > 0.5
    assert isinstance(model, {"item-item": ItemItem, "ALS fold-in": SessionFactors}[winner])
    assert {versions for *_, versions in found.values()} == {version}


def test_with_few_sessions_item_item_serves_undecided(lake):
    put(lake, session("s", "abc"))

    train_sessions.run(lake, {})

    model, version = champion_model(lake)
    assert isinstance(model, ItemItem)
    assert version.startswith("item-item")
    assert evaluations(lake) == {}


def test_without_sessions_of_people_there_is_nothing_to_learn(lake):
    train_sessions.run(lake, {})
    put(lake, session("bot", "abc", is_bot=True))

    with pytest.raises(NothingToServeError, match="none of a person"):
        train_sessions.run(lake, {})


def test_one_model_serves_at_a_time(lake):
    seen = sessions(lake.spark, session("s", "abc"), session("t", "ab"))
    near = lake.spark.createDataFrame([("a", "b", 1.0, 1, "0", None)], tables.session_item_item.schema)

    install(lake, fit(seen, ClickWeights(), SMALL), "1")
    factors, first = champion_model(lake)
    install(lake, ItemItem(near), "2")
    neighbours, second = champion_model(lake)

    assert isinstance(factors, SessionFactors)
    assert factors.configuration == SMALL
    assert isinstance(neighbours, ItemItem)
    assert (first, second) == ("1", "2")
    assert lake.read(tables.session_item_factors).isEmpty()
