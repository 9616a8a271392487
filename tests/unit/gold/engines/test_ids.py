"""Dense numbers for string ids."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gold.engines.ids import newly_numbered
from lakehouse import tables


def numbers(spark, ids, known):
    wanted = spark.createDataFrame([(i,) for i in ids], "id string")
    given = spark.createDataFrame(list(known.items()), tables.user_ids.schema)
    return {row["id"]: row["idx"] for row in newly_numbered(wanted, given).collect()}


def test_new_ids_are_numbered_on_from_the_highest_known(spark):
    new = numbers(spark, ["b", "a", "c", "b"], {"a": 0, "z": 6})

    assert set(new) == {"b", "c"}
    assert sorted(new.values()) == [7, 8]


def test_nothing_new_gives_nothing(spark):
    assert numbers(spark, ["a"], {"a": 0}) == {}


@settings(max_examples=4, suppress_health_check=list(HealthCheck))
@given(ids=st.lists(st.text(min_size=1).filter(lambda t: "\x00" not in t and t.isprintable()), min_size=1, unique=True))
def test_numbers_are_dense_unique_and_independent_of_order(spark, ids):
    forwards = numbers(spark, ids, {})

    assert sorted(forwards.values()) == list(range(len(ids)))
    assert numbers(spark, list(reversed(ids)), {}) == forwards
