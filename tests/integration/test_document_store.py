"""Whole sets in a real document store."""

import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import count

import pytest
from pymongo import MongoClient

from gold.stores.document_store import export
from lakehouse import document_store as store
from lakehouse import tables
from lakehouse.errors import NothingToServeError, ServiceError, SettingsError, TaskParameterError
from lakehouse.lake import Lakehouse
from lakehouse.settings import Settings

_names = (f"set_{number}" for number in count())


@pytest.fixture
def name():
    return next(_names)


@pytest.fixture
def database(document_store):
    with store.connect(Settings(mongodb_uri=document_store)) as opened:
        yield opened


def documents(version: str, users: int):
    return ({"_id": f"1:u{n}", "user_id": f"u{n}", "rank": 1, "version": version} for n in range(users))


def replace(database, name, rows):
    return store.replace_collection(database, name, rows, index=("user_id", "rank"))


def test_a_set_is_replaced_whole_with_its_index(database, name):
    assert replace(database, name, documents("1", 2_500)) == 2_500
    assert replace(database, name, documents("2", 10)) == 10

    assert database[name].distinct("version") == ["2"]
    assert database[name].count_documents({}) == 10
    keys = [[field for field, _ in index["key"]] for index in database[name].index_information().values()]
    assert ["user_id", "rank"] in keys


def test_readers_never_see_a_part_of_a_set(database, document_store, name):
    replace(database, name, documents("0", 300))
    done, torn, reads = threading.Event(), [], 0

    def read():
        nonlocal reads
        with MongoClient(document_store) as client:
            collection = client["recommendations"][name]
            while not done.is_set():
                # In one answer, as an application reads a user's rows: the swap ends the cursors that are open.
                versions = [row["version"] for row in collection.find({}, {"version": True}, batch_size=1_000)]
                reads += 1
                if len(versions) != 300 or len(set(versions)) != 1:
                    torn.append(versions)

    reader = threading.Thread(target=read)
    reader.start()
    for version in range(1, 8):
        replace(database, name, documents(str(version), 300))
    done.set()
    reader.join()

    assert reads > 3
    assert torn == []


def test_an_interrupted_export_leaves_the_old_set_and_the_next_one_succeeds(database, name):
    replace(database, name, documents("old", 5))

    def broken():
        yield from documents("new", 1_500)
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        replace(database, name, broken())
    assert database[name].distinct("version") == ["old"]

    replace(database, name, documents("new", 3))
    assert database[name].count_documents({"version": "new"}) == 3


def test_of_two_exports_at_once_one_is_served_whole(database, name):
    both = threading.Barrier(2, timeout=60)

    def written(version):
        both.wait()
        yield from documents(version, 2_500)

    with ThreadPoolExecutor(2) as pool:
        counts = list(pool.map(lambda version: replace(database, name, written(version)), ("1", "2")))

    assert counts == [2_500, 2_500]
    assert len(database[name].distinct("version")) == 1
    assert database[name].count_documents({}) == 2_500
    assert not [left for left in database.list_collection_names() if left.startswith(f"{name}__")]


def test_nothing_is_never_served_over_something(database, name):
    replace(database, name, documents("good", 5))

    with pytest.raises(NothingToServeError, match="what it holds goes on serving"):
        replace(database, name, iter(()))

    assert database[name].count_documents({"version": "good"}) == 5


def test_a_store_that_is_away_is_one_sentence_without_the_password():
    uri = "mongodb://user:hunter2@127.0.0.1:1/"

    with (
        pytest.raises(ServiceError, match="did not answer") as error,
        store.connect(Settings(mongodb_uri=uri)) as there,
    ):
        there.list_collection_names()
    assert "hunter2" not in str(error.value)


def test_a_wrong_uri_is_one_sentence():
    with (
        pytest.raises(SettingsError, match="MONGODB_URI cannot be used"),
        store.connect(Settings(mongodb_uri="mongodb://a:b:c@host")),
    ):
        pass


def test_an_unknown_collection_names_those_that_are_served(lake):
    with pytest.raises(TaskParameterError, match="Known: final_recommendations, als_top_n, als_item_item"):
        export.run(lake, {"collection": "nope"})


def test_an_export_happens_on_news_or_when_the_store_lost_it(lake, document_store, name):
    settings = lake.settings.model_copy(update={"mongodb_uri": Settings(mongodb_uri=document_store).mongodb_uri})
    lake = lake.with_settings(settings.model_copy(update={"mongodb_database": name}))
    rows = [("u1", "e1", 0.5, 1, "liked", "e2", "1", None), ("u1", "e2", 0.4, 2, "liked", "e1", "1", None)]
    lake.replace(tables.als_top_n, lake.spark.createDataFrame(rows, tables.als_top_n.schema))
    episodes = lake.spark.createDataFrame([("e1", "One")], "episode_id string, title string")
    missing = [field.name for field in tables.episodes.schema if field.name not in episodes.columns]
    lake.upsert(tables.episodes, episodes.selectExpr("*", *(f"NULL AS {column}" for column in missing)))

    with store.connect(lake.settings) as database:
        served = database["als_top_n"]
        export.run(lake, {"collection": "als_top_n"})
        first = {row["new_episode_id"]: (row["title"], row["because_title"]) for row in served.find()}
        served.insert_one({"_id": "mark", "user_id": "x", "rank": 9})
        export.run(lake, {"collection": "als_top_n"})
        untouched = served.count_documents({"_id": "mark"})
        served.drop()
        export.run(lake, {"collection": "als_top_n"})

        assert first == {"e1": ("One", None), "e2": (None, "One")}
        assert untouched == 1
        assert served.count_documents({}) == 2


PROFILE = {"user_id": "ann", "num_sessions": 2, "spend": Decimal("9.50"), "favourite_items": [("a", 7.0)]}
RECOMMENDED = {"session_id": "s:1", "item_id": "a", "rank": 1, "score": 0.5, "reason": "popular"}


@pytest.mark.parametrize(
    ("table", "row", "served"),
    [
        (
            tables.user_profiles,
            PROFILE,
            {"_id": "ann", "user_id": "ann", "num_sessions": 2, "spend": 9.5}
            | {"favourite_items": [{"item_id": "a", "weight": 7.0}]},
        ),
        (tables.session_recommendations, RECOMMENDED, {"_id": "1:s:1", **RECOMMENDED}),
    ],
    ids=["profile", "recommendation"],
)
def test_the_shop_is_served_by_its_own_keys_once_there_is_something(lake, document_store, name, table, row, served):
    settings = lake.settings.model_copy(update={"mongodb_uri": Settings(mongodb_uri=document_store).mongodb_uri})
    lake = lake.with_settings(settings.model_copy(update={"mongodb_database": name}))

    with store.connect(lake.settings) as database:
        export.run(lake, {"collection": table.name})
        before = database.list_collection_names()
        full = tuple(row.get(field.name) for field in table.schema)
        lake.replace(table, lake.spark.createDataFrame([full], table.schema))
        export.run(lake, {"collection": table.name})

        assert before == []
        (found,) = database[table.name].find()
        assert {field: found[field] for field in served} == served


def test_where_no_document_store_was_meant_an_export_says_so_and_changes_nothing(monkeypatch, tmp_path, caplog):
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "17.3")
    lake = Lakehouse(Settings(reclake_home=tmp_path))

    export.run(lake, {"collection": "als_top_n"})

    assert caplog.messages == [
        "There is no document store here: neither MONGODB_URI nor SECRET_SCOPE is set, "
        "so als_top_n stays in gold.als_top_n alone."
    ]
    assert list(tmp_path.iterdir()) == []
