"""What the churn API is asked and what it answers, beside `gold.churn.features.Inputs`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from gold.churn.features import Inputs

MOST_ROWS = 1_000
"""Shoppers in one batch."""


class Batch(BaseModel):
    """Several shoppers."""

    model_config = ConfigDict(strict=True, extra="forbid")

    rows: list[Inputs] = Field(min_length=1, max_length=MOST_ROWS)


class Decision(BaseModel):
    """What is predicted of one shopper."""

    churned: bool = Field(description="whether the probability reaches the threshold")
    churn_probability: float = Field(description="of no event in the days that the model looks ahead")
    imputed: list[str] = Field(description="inputs that were not given and were filled with what is usual")


class Answer(Decision):
    """A prediction, and what made it."""

    threshold: float = Field(description="the cheapest by the costs that the model was trained with")
    model_version: str


class Answers(BaseModel):
    """Predictions in the order of the rows, and what made them."""

    predictions: list[Decision]
    threshold: float
    model_version: str


class Readiness(BaseModel):
    """Whether predictions can be made."""

    ready: bool
    reason: str = Field(description="why not, or what is wrong although an earlier version still answers")
    model_version: str | None
    model: str | None = Field(description="which candidate it is")


class FieldFault(BaseModel):
    """What is wrong with a field of a request."""

    field: str
    message: str


class Refusal(BaseModel):
    """Why a request was not answered."""

    detail: str
    faults: list[FieldFault] = []
