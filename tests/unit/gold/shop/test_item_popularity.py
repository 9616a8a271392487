"""Popular products."""

import pytest

from gold.shop.item_popularity import item_popularity
from gold.shop.tasks import item_popularity as update
from lakehouse import tables
from lakehouse.settings import ClickWeights
from tests.unit.gold.shop.rows import assert_rows, at


def activity(spark, *rows):
    """Rows of item, day, views and purchases."""
    full = [(item, at(day).date(), views, 0, 0, purchases) for item, day, views, purchases in rows]
    return spark.createDataFrame(full, tables.daily_item_activity.schema)


def test_popularity_is_decayed_and_the_trend_compares_a_week_with_four(spark):
    seen = activity(spark, ("new", 27, 7, 0), ("old", 0, 14, 7), ("old", 27, 7, 0), ("gone", -1, 99, 9))

    # old has 14 + 5 * 7 = 49 weighted events on the first day, which is 27 days before the last.
    old = 49 * 0.5 ** (27 / 9) + 7
    expected = [
        ("old", 21, 7, 7 / 21, (7 / 7) / (56 / 28), 1.0, 1),
        ("new", 7, 0, 0.0, (7 / 7) / (7 / 28), 7 / old, 2),
    ]
    assert_rows(
        item_popularity(seen, ClickWeights(), half_life_days=9),
        spark.createDataFrame(
            expected,
            "item_id string, num_views long, num_purchases long, conversion double, trend double, popularity double, "
            "rank int",
        ),
    )


def test_in_a_young_shop_steady_is_steady(spark):
    seen = activity(spark, *[("a", day, 3, 0) for day in range(3)])

    (row,) = item_popularity(seen, ClickWeights(), half_life_days=7).collect()

    assert row["trend"] == pytest.approx(1)


def test_popularity_follows_activity_and_forgets_what_is_old(lake):
    lake.upsert(tables.daily_item_activity, activity(lake.spark, ("a", 0, 1, 0), ("b", 20, 1, 0)))
    update.run(lake, {})
    before = {row["item_id"] for row in lake.read(tables.item_popularity).collect()}
    lake.upsert(tables.daily_item_activity, activity(lake.spark, ("c", 28, 1, 0)))
    update.run(lake, {})

    assert before == {"a", "b"}
    assert {row["item_id"]: row["rank"] for row in lake.read(tables.item_popularity).collect()} == {"c": 1, "b": 2}
