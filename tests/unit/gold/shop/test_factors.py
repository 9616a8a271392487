"""ALS on sessions: those that the fit never saw are recommended what goes with their items."""

import pytest

from gold.engines.configuration import Configuration
from gold.shop.factors import fit
from lakehouse.settings import ClickWeights
from tests.unit.gold.shop.rows import session, sessions


@pytest.fixture(scope="module")
def model(spark):
    """Two kinds of sessions: of a to d, and of p to s."""
    seen = [
        session(f"{kind[n]}{m}", kind[:n] + kind[n + 1 :]) for kind in ("abcd", "pqrs") for n in range(4) for m in "12"
    ]
    small = Configuration(engine="implicit_als", rank=2, alpha=5, regularization=0.1, iterations=5)
    return fit(sessions(spark, *seen), ClickWeights(), small)


def test_a_new_session_gets_what_goes_with_its_items_and_the_item_that_says_so(spark, model):
    given = sessions(spark, session("new", "ab"), session("other", "?p"), session("unknown", "?"))

    found = model.recommend(given, 2).collect()

    best = {
        key: {r["item_id"]: r["because_item_id"] for r in found if r["session_key"] == key} for key in ("new", "other")
    }
    assert {row["session_key"] for row in found} == {"new", "other"}
    assert best["new"].keys() == {"c", "d"}
    assert set(best["new"].values()) <= {"a", "b"}
    assert best["other"].keys() < {"q", "r", "s"}
    assert set(best["other"].values()) == {"p"}
    assert sorted(row["rank"] for row in found) == [1, 1, 2, 2]
