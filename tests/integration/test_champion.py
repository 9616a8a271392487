"""Champion and challenger on a real registry: who serves, why, and the way back."""

import datetime as dt
from decimal import Decimal

import pytest

from gold.configuration import Configuration
from gold.registry import CHALLENGER, CHAMPION, Registry
from gold.training import roll_back, train
from gold.tuning import search
from reclake import tables
from reclake.errors import NothingToServeError

FIRST_DAY = dt.date(2024, 5, 1)


@pytest.fixture
def lake(lake):
    """Two tastes: listeners of each go through the same episodes, each from another one on."""
    rows = []
    for user in range(40):
        for step in range(10):
            item = (user // 2 + step) % 12 + 12 * (user % 2)
            day = FIRST_DAY + dt.timedelta(days=step)
            at = dt.datetime.combine(day, dt.time(12))
            rows.append((f"u{user}", f"e{item}", day, Decimal(2), 1, 0, at))
    lake.replace(tables.daily_engagement, lake.spark.createDataFrame(rows, tables.daily_engagement.schema))
    for table, name, count in ((tables.user_ids, "u", 40), (tables.item_ids, "e", 24)):
        lake.replace(table, lake.spark.createDataFrame([(f"{name}{n}", n) for n in range(count)], table.schema))
    return configured(lake, als_rank=4, als_iterations=3)


def configured(lake, **settings):
    return lake.with_settings(lake.settings.model_copy(update=settings))


def serving(lake):
    return {row["model_version"] for row in lake.read(tables.als_item_factors).collect()}


def test_configurations_compete_serve_and_can_be_taken_back(lake):
    registry = Registry(lake.settings)
    with pytest.raises(NothingToServeError, match="no version to go back to"):
        roll_back(lake)

    train(lake, {})

    first = registry.holder(CHAMPION)
    assert serving(lake) == {first.number}
    assert first.configuration == Configuration.of(lake.settings)
    assert "decayed popularity" in first.verdict

    # Hopeless on purpose: nothing but popularity, under another name than the baseline's.
    train(configured(lake, popularity_share=0.99), {})

    second, challenger = registry.holder(CHAMPION), registry.holder(CHALLENGER)
    assert second.configuration == first.configuration
    assert serving(lake) == {second.number} != {first.number}
    assert challenger.configuration.popularity_share == 0.99
    assert "did not win" in challenger.verdict

    assert roll_back(lake).number == first.number
    assert registry.holder(CHAMPION).number == first.number
    assert serving(lake) == {first.number}
    with pytest.raises(NothingToServeError, match="no version to go back to"):
        roll_back(lake)


def test_a_search_ends_with_a_challenger_and_goes_on_where_it_ended(lake):
    first = search(lake, trials=2)
    second = search(lake, trials=1)

    assert len(first.scores) + first.given_up == 2
    assert len(second.scores) + second.given_up == 3
    challenger = Registry(lake.settings).holder(CHALLENGER)
    assert challenger.number == second.version
    assert challenger.configuration == second.best
    assert max(score for _, score in second.scores) == challenger.score
