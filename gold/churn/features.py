"""What the churn model knows of a shopper: the inputs that it is given, and the features that follow from them.

The inputs are counted over the `HISTORY_DAYS` UTC days before a day `as_of`, which itself does not count. Whoever asks
the model (training, the scoring task, the API) hands in inputs only; features are derived in one place, here.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from numpy.typing import NDArray

HISTORY_DAYS = 28
"""Days before `as_of` that are looked at."""
RECENT_DAYS = 7
"""The last of those days, which the trend compares with all of them."""
MOST_TENURE_DAYS = 365
MOST_EVENTS = 1_000_000_000
LONGEST_SESSION_SECONDS = HISTORY_DAYS * 86_400

_Count = Annotated[int, Field(ge=0, le=MOST_EVENTS)]


class Inputs(BaseModel):
    """What is known of one shopper; only the first three have to be given.

    Examples
    --------
    >>> Inputs(num_views=5, num_add_to_cart=2, num_purchases=0).row()[:4]
    (5.0, 2.0, 0.0, nan)
    """

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        json_schema_extra={"example": {"num_views": 5, "num_add_to_cart": 2, "num_purchases": 0}},
    )

    num_views: _Count = Field(description=f"views in the last {HISTORY_DAYS} days")
    num_add_to_cart: _Count = Field(description="items put into the cart")
    num_purchases: _Count = Field(description="purchases")
    num_clicks: _Count | None = Field(default=None, description="clicks")
    recent_events: _Count | None = Field(default=None, description=f"events of the last {RECENT_DAYS} days")
    recency_days: int | None = Field(
        default=None, ge=1, le=HISTORY_DAYS, description="days since the day of the last event; 1 is yesterday"
    )
    active_days: int | None = Field(default=None, ge=0, le=HISTORY_DAYS, description="days with an event")
    num_sessions: _Count | None = Field(default=None, description="sessions")
    mean_session_seconds: float | None = Field(
        default=None, ge=0, le=LONGEST_SESSION_SECONDS, allow_inf_nan=False, description="mean length of a session"
    )
    tenure_days: int | None = Field(
        default=None,
        ge=1,
        le=MOST_TENURE_DAYS,
        description=f"days since the first event ever, at most {MOST_TENURE_DAYS}",
    )

    def row(self) -> tuple[float, ...]:
        """The values in the order of `INPUTS`, NaN for what is not known."""
        return tuple(np.nan if value is None else float(value) for value in self.__dict__.values())


INPUTS = tuple(Inputs.model_fields)
REQUIRED = tuple(name for name, field in Inputs.model_fields.items() if field.is_required())
OPTIONAL = tuple(name for name in INPUTS if name not in REQUIRED)
WHOLE = frozenset(name for name, field in Inputs.model_fields.items() if field.annotation not in (float, float | None))
"""The inputs that are whole numbers."""
DERIVED = (
    "num_events",
    "cart_rate",
    "purchase_rate",
    "conversion",
    "frequency",
    "trend",
    "overdue",
    "events_per_session",
)
FEATURES = (*INPUTS, *DERIVED)


def features(inputs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Derive the features of shoppers.

    `cart_rate` is carts / views, `purchase_rate` purchases / carts, `conversion` purchases / views, `frequency` the
    share of days with an event, `trend` events per day of the last `RECENT_DAYS` days divided by those of all (1 is
    steady), `overdue` the days since the last event in units of the shopper's usual pause. Days before the shopper's
    first event do not count, and a ratio without a denominator is 0.

    Parameters
    ----------
    inputs : array (shoppers, len(INPUTS))
        Without gaps.

    Returns
    -------
    array (shoppers, len(FEATURES))
        From 0 on; a row depends on the same row of `inputs` alone.
    """
    views, carts, purchases, clicks, recent, recency, active, sessions, _, tenure = inputs.T
    days = np.clip(tenure, 1, HISTORY_DAYS)
    events = views + carts + purchases + clicks
    derived = (
        events,
        _ratio(carts, views),
        _ratio(purchases, carts),
        _ratio(purchases, views),
        active / days,
        _ratio(recent / np.minimum(days, RECENT_DAYS), events / days),
        recency * active / days,
        _ratio(events, sessions),
    )
    return np.column_stack([inputs, *derived])


def fingerprint() -> str:
    """Tell this definition of features from any other: a digest of names and of what comes out for fixed inputs."""
    # Counts up to 9 with zeros among them, so that every ratio is met with and without a denominator.
    probe = np.arange(50.0 * len(INPUTS), dtype=np.float64).reshape(50, -1) * 7 % 13 // 1.4
    digest = hashlib.blake2b(digest_size=8)
    digest.update(repr(FEATURES).encode())
    digest.update(np.char.mod("%.6g", features(probe)).tobytes())
    return digest.hexdigest()


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
