"""The suites: what is expected of each table, a module per layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from reclake.quality.expectation import Suite
from reclake.quality.suites import bronze, churn, gold, recommend, silver, text
from reclake.quality.suites.shop import bronze as shop_bronze
from reclake.quality.suites.shop import gold as shop_gold
from reclake.quality.suites.shop import silver as shop_silver
from reclake.settings import Settings

_BY_LAYER: Mapping[str, Callable[[Settings], Sequence[Suite]]] = {
    "bronze": bronze.suites,
    "silver": silver.suites,
    "text": text.suites,
    "gold": gold.suites,
    "recommend": recommend.suites,
    "shop_bronze": shop_bronze.suites,
    "shop_silver": shop_silver.suites,
    "shop_gold": shop_gold.suites,
    "churn": churn.suites,
}

LAYERS = tuple(_BY_LAYER)
"""What has a gate: layers, and the jobs of gold that stand beside the training."""


def suites(layer: str, settings: Settings) -> Sequence[Suite]:
    """The suites of a layer's tables."""
    return _BY_LAYER[layer](settings)
