"""Configurations: everything that distinguishes one recommender from another before it sees any data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from lakehouse.settings import EventWeights, Settings

Engine = Literal["popularity", "item_knn", "ease", "spark_als", "implicit_als"]

SUITABLE: Mapping[Engine, Mapping[str, float]] = {
    "spark_als": {"rank": 64, "alpha": 1.0, "regularization": 0.3},
    "implicit_als": {"rank": 128, "alpha": 3.0, "regularization": 50.0},
    "ease": {"regularization": 200.0},
}
"""Parameters that did well on MovieLens; they do not carry over between engines, which regularise differently."""


class Configuration(BaseModel):
    """An engine with its parameters, and the share of popularity in what it recommends.

    Scores are `(1 - popularity_share) * engine + popularity_share * popularity`, popularity being scaled to at most 1.

    Examples
    --------
    >>> Configuration(engine="ease", regularization=500).model_dump_json(exclude_defaults=True)
    '{"engine":"ease","regularization":500.0}'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    engine: Engine = "spark_als"
    rank: int = Field(default=64, ge=1, description="ALS: factors")
    iterations: int = Field(default=10, ge=1, description="ALS: sweeps over users and items")
    regularization: float = Field(default=0.3, ge=0, description="ALS and EASE, in the meaning that each gives it")
    alpha: float = Field(default=1.0, gt=0, description="ALS: confidence that a unit of engagement adds")
    neighbours: int = Field(default=200, ge=1, description="item-kNN: similar items kept per item")
    half_life_days: float | None = Field(default=None, gt=0, description="engagement halves in this time; none: never")
    popularity_share: float = Field(default=0.0, ge=0, le=1)
    popularity_half_life_days: float | None = Field(default=7.0, gt=0, description="none: all users count alike")
    weights: EventWeights | None = Field(default=None, description="none: those that silver used")
    seed: int = 42

    @model_validator(mode="after")
    def _blends_factors_only(self) -> Self:
        if self.engine in ("item_knn", "ease") and self.popularity_share:
            raise ValueError("only ALS can be blended with popularity")
        return self

    @classmethod
    def suitable(cls, engine: Engine, **given: Any) -> Self:
        """A configuration of an engine with parameters that suit it, where none are given."""
        return cls(engine=engine, **{**SUITABLE.get(engine, {}), **given})

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The configuration that the settings ask for."""
        als = {
            "rank": settings.als_rank,
            "iterations": settings.als_iterations,
            "regularization": settings.als_regularization,
            "alpha": settings.als_alpha,
            "half_life_days": settings.als_half_life_days,
        }
        return cls.suitable(
            settings.als_engine,
            **{name: value for name, value in als.items() if value is not None},
            popularity_share=settings.popularity_share,
            popularity_half_life_days=settings.popularity_half_life_days,
            seed=settings.als_seed,
        )

    def __str__(self) -> str:
        """Say what distinguishes it."""
        if self.popularity_share == 1 or self.engine == "popularity":
            days = self.popularity_half_life_days
            return f"popularity, half-life {days:g} days" if days else "popularity"
        told = {
            "item_knn": f"item-kNN, {self.neighbours} neighbours",
            "ease": f"EASE, lambda {self.regularization:g}",
        }
        als = f"{self.engine.removesuffix('_als')} ALS, rank {self.rank}, alpha {self.alpha:g}, "
        parts = [told.get(self.engine, f"{als}regularization {self.regularization:g}")]
        if self.half_life_days:
            parts.append(f"half-life {self.half_life_days:g} days")
        if self.popularity_share:
            parts.append(f"{self.popularity_share:.0%} popularity of {self.popularity_half_life_days or 'all'} days")
        if self.weights:
            parts.append(f"weights {self.weights}")
        return ", ".join(parts)
