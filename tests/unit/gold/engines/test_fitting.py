"""Which engines are fitted to what."""

import pytest

from gold.engines.configuration import Configuration
from gold.engines.fitting import fit_factors
from tests.unit.gold.engagement import TWO_TASTES


@pytest.mark.parametrize("engine", ["spark_als", "implicit_als"])
def test_als_has_factors_of_the_rank(engaged, engine):
    items = fit_factors(engaged, TWO_TASTES.model_copy(update={"engine": engine})).items

    assert {len(row["factors"]) for row in items.collect()} == {TWO_TASTES.rank}


@pytest.mark.parametrize("engine", ["popularity", "item_knn", "ease"])
def test_an_engine_without_factors_is_not_taken_for_als(engaged, engine):
    with pytest.raises(ValueError, match=f"{engine} has no factors: take implicit_als or spark_als"):
        fit_factors(engaged, Configuration(engine=engine))
