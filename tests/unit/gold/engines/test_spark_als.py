"""ALS on Spark."""

from gold.engines import spark_als
from gold.engines.configuration import Configuration


def test_who_likes_nothing_and_what_nobody_likes_get_no_factors_and_break_nothing(spark):
    likes = [(user, item, 2.0) for user in range(3) for item in range(3)]
    dislikes = [(0, 7, -1.0), (8, 0, -1.0), (8, 7, -2.0)]
    engaged = spark.createDataFrame(likes + dislikes, "user_idx int, item_idx int, engagement double")

    # More factors than users: with nothing to regularise them, the equations of a dislike have no solution.
    factors = spark_als.fit(engaged, Configuration(rank=6, iterations=2))

    assert {row["idx"] for row in factors.users.collect()} == {0, 1, 2}
    assert {row["idx"] for row in factors.items.collect()} == {0, 1, 2}
