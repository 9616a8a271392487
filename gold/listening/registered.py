"""The registered versions of the listening recommender."""

from __future__ import annotations

from gold.engines.configuration import Configuration
from gold.judging.registry import Registry
from lakehouse.settings import Settings


def recommenders(settings: Settings) -> Registry[Configuration]:
    """The versions of the served recommender."""
    return Registry(settings, settings.registered_model, Configuration, "ndcg_at_10")
