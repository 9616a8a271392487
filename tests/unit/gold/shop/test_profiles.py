"""What is known of shoppers, and that it follows their sessions."""

from decimal import Decimal

from gold.shop.profiles import profiles
from gold.shop.tasks import update_profiles
from lakehouse import tables
from lakehouse.settings import ClickWeights
from tests.unit.gold.shop.rows import assert_rows, at, delete, item, put, session, sessions


def test_a_profile_sums_up_all_sessions_of_a_shopper(spark):
    seen = sessions(
        spark,
        session("s1", [item("b", carts=1), item("a")], day=0, hour=9, user_id="ann", revenue=Decimal("0")),
        session("s2", [item("a", purchases=1)], day=2, hour=9, user_id="ann", revenue=Decimal("19.90")),
        session("s3", [item("c", clicks=1)], day=14, hour=20, user_id="ann", session_length=1200.0),
        session("bot", "a", day=3, user_id="ann", is_bot=True),
        session("nobody", "a", day=3),
    )

    # From 9:00 of the first day to 20:10 of the fifteenth.
    weeks = (14 * 24 + 11 + 1 / 6) / (7 * 24)
    expected = [
        ("ann", 3, 4, 1, 1, 1, Decimal("19.90"), 1 / 3, 3 / weeks, 800.0, (2 + 12 + 11 / 24) / 2, [9, 20]),
    ]
    actual = profiles(seen, ClickWeights())
    assert_rows(
        actual,
        spark.createDataFrame(
            expected,
            "user_id string, num_sessions long, num_views long, num_clicks long, num_add_to_cart long, "
            "num_purchases long, spend decimal(38,2), conversion double, sessions_per_week double, "
            "mean_session_length double, median_days_between double, favourite_hours array<int>",
        ),
    )
    (row,) = actual.collect()
    assert [tuple(one) for one in row["favourite_items"]] == [("a", 7.0), ("b", 4.0), ("c", 3.0)]


def known(lake):
    return {
        row["user_id"]: (row["num_sessions"], row["first_seen_at"], row["favourite_hours"])
        for row in lake.read(tables.user_profiles).collect()
    }


def test_profiles_follow_sessions_that_are_merged_taken_over_and_deleted(lake):
    put(
        lake,
        session("s1", "a", day=0, user_id="ann"),
        session("s2", "ab", day=1, user_id="ann"),
        session("s3", "c", day=2, hour=7, user_id="bob"),
        session("s4", "c", day=2),
    )
    update_profiles.run(lake, {})
    first = known(lake)

    # A late event makes one session of ann's two; bob's turns out to be eve's, who then signs in elsewhere as well.
    delete(lake, "s2")
    put(
        lake,
        session("s1", "ab", day=0, hour=11, user_id="ann"),
        session("s3", "c", day=2, hour=7, user_id="eve"),
        session("s4", "c", day=2, user_id="eve"),
    )
    update_profiles.run(lake, {})
    second = known(lake)

    assert first == {"ann": (2, at(0), [12]), "bob": (1, at(2, 7), [7])}
    assert second == {"ann": (1, at(0, 11), [11]), "eve": (2, at(2, 7), [7, 12])}
