"""Charts of one look: axes with units, times in UTC, colours from the theme, which colour-blind people can tell apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

HEIGHT = 260
_TIME = "%Y-%m-%d %H:%M"
_LEGEND = alt.Legend(orient="top", title=None, labelLimit=220)
STATES = {"passed": "#0072B2", "warning": "#E69F00", "closed": "#D55E00"}


def over_time(
    rows: pd.DataFrame, y: str, unit: str, by: str, order: Sequence[str], *, format_: str = ",.2~f"
) -> alt.LayerChart:
    """Lines over `at`, one per value of `by`; a point shows under the pointer."""
    x = alt.X("at:T", scale=alt.Scale(type="utc"), axis=alt.Axis(title="time (UTC)", labelOverlap=True, tickCount=8))
    base = alt.Chart(rows).encode(
        x=x,
        y=alt.Y(f"{y}:Q", axis=alt.Axis(title=unit, tickCount=5, format="~s" if format_.endswith("f") else format_)),
        color=alt.Color(f"{by}:N", scale=alt.Scale(domain=list(order)), legend=_LEGEND),
        tooltip=[
            alt.Tooltip("at:T", title="time (UTC)", format=_TIME, formatType="utc"),
            alt.Tooltip(f"{by}:N", title=by),
            alt.Tooltip(f"{y}:Q", title=unit, format=format_),
        ],
    )
    # The line's shape tells types apart as well, where colour does not.
    line = base.mark_line(interpolate="monotone", strokeWidth=2).encode(
        strokeDash=alt.StrokeDash(f"{by}:N", scale=alt.Scale(domain=list(order)), legend=None)
    )
    points = base.mark_point(size=120, filled=True, opacity=0).encode(
        opacity=alt.condition(alt.selection_point(on="pointerover", empty=False, name="near"), alt.value(1), alt.value(0))
    )
    return alt.layer(line, points.add_params(alt.selection_point(on="pointerover", empty=False, name="near"))).properties(
        height=HEIGHT
    )


def ranked(rows: pd.DataFrame, y: str, x: str, unit: str, tooltip: Sequence[str], *, format_: str = ",.3~f") -> alt.Chart:
    """Horizontal bars in the order of the rows, a label each."""
    return (
        alt.Chart(rows)
        .mark_bar(cornerRadiusEnd=3)
        .encode(
            x=alt.X(f"{x}:Q", axis=alt.Axis(title=unit, tickCount=5)),
            y=alt.Y(f"{y}:N", sort=None, axis=alt.Axis(title=None, labelLimit=260)),
            tooltip=[_tooltip(rows, name, format_) for name in tooltip],
        )
        .properties(height=alt.Step(24))
    )


def stacked(rows: pd.DataFrame, y: str, x: str, by: str, order: Sequence[str], unit: str) -> alt.Chart:
    """Horizontal bars in the order of the rows, divided by `by`."""
    return (
        alt.Chart(rows)
        .mark_bar()
        .encode(
            x=alt.X(f"sum({x}):Q", axis=alt.Axis(title=unit, tickCount=5)),
            y=alt.Y(f"{y}:N", sort=None, axis=alt.Axis(title=None, labelLimit=320)),
            color=alt.Color(f"{by}:N", scale=alt.Scale(domain=list(order)), legend=_LEGEND),
            order=alt.Order(f"{by}:N"),
            tooltip=[alt.Tooltip(f"{y}:N"), alt.Tooltip(f"{by}:N"), alt.Tooltip(f"{x}:Q", format=".3f", title=unit)],
        )
        .properties(height=alt.Step(24))
    )


def columns(
    rows: pd.DataFrame, x: str, y: str, title: str, unit: str, *, label_angle: int = 0, rule: float | None = None
) -> alt.LayerChart:
    """Vertical bars in the order of the rows; `rule` marks a place on a numeric x axis."""
    kind = "Q" if rule is not None else "O"
    axis = alt.Axis(title=title, labelAngle=label_angle, labelOverlap=True, **({"format": ".0%"} if rule is not None else {}))
    bars = (
        alt.Chart(rows)
        .mark_bar(cornerRadiusEnd=2, **({"width": {"band": 0.9}} if kind == "O" else {"binSpacing": 1}))
        .encode(
            x=alt.X(f"{x}:{kind}", sort=None, axis=axis, **({"bin": "binned"} if rule is not None else {})),
            y=alt.Y(f"{y}:Q", axis=alt.Axis(title=unit, tickCount=5)),
            tooltip=[_tooltip(rows, name, ",.2~f") for name in (x, y)],
        )
    )
    if rule is None:
        return alt.layer(bars).properties(height=HEIGHT)
    bars = bars.encode(x2="to:Q")
    mark = alt.Chart(pd.DataFrame({"threshold": [rule]})).mark_rule(strokeDash=[5, 4], strokeWidth=2, color="#D55E00")
    return alt.layer(
        bars, mark.encode(x="threshold:Q", tooltip=[alt.Tooltip("threshold:Q", format=".1%", title="threshold")])
    ).properties(height=HEIGHT)


def funnel(rows: pd.DataFrame) -> alt.LayerChart:
    """Steps as centred bars with how many got there and which share of the first step that is."""
    shown = rows.assign(
        left=-rows["shoppers"] / 2,
        right=rows["shoppers"] / 2,
        label=[f"{count:,}  ({share:.0%})" for count, share in zip(rows["shoppers"], rows["of_first"], strict=True)],
    )
    y = alt.Y("step:N", sort=None, axis=alt.Axis(title=None, labelLimit=200, domain=False, ticks=False))
    bars = (
        alt.Chart(shown)
        .mark_bar(cornerRadius=4, height={"band": 0.8})
        .encode(
            x=alt.X("left:Q", axis=None),
            x2="right:Q",
            y=y,
            tooltip=[
                alt.Tooltip("step:N"),
                alt.Tooltip("shoppers:Q", format=","),
                alt.Tooltip("of_first:Q", format=".1%", title="of those who viewed"),
                alt.Tooltip("of_previous:Q", format=".1%", title="of the step before"),
            ],
        )
    )
    text = (
        alt.Chart(shown)
        .mark_text(fontSize=14, fontWeight="bold", color="white", stroke="#0A3550", strokeWidth=3, strokeJoin="round")
        .encode(x=alt.datum(0), y=y, text="label:N")
    )
    front = alt.Chart(shown).mark_text(fontSize=14, fontWeight="bold", color="white").encode(
        x=alt.datum(0), y=y, text="label:N"
    )
    return alt.layer(bars, text, front).properties(height=HEIGHT)


def intervals(rows: pd.DataFrame, unit: str) -> alt.LayerChart:
    """A point per model with its 95 % interval."""
    y = alt.Y("model:N", sort=None, axis=alt.Axis(title=None, labelLimit=260))
    tooltip = [
        alt.Tooltip("model:N"),
        *(alt.Tooltip(f"{name}:Q", format=".4f") for name in ("value", "low", "high")),
        alt.Tooltip("users:Q", format=","),
    ]
    base = alt.Chart(rows).encode(y=y, tooltip=tooltip)
    x = alt.Axis(title=unit, tickCount=6)
    return alt.layer(
        base.mark_rule(strokeWidth=3, opacity=0.55).encode(x=alt.X("low:Q", axis=x), x2="high:Q"),
        base.mark_point(filled=True, size=110, opacity=1).encode(x=alt.X("value:Q", axis=x)),
    ).properties(height=alt.Step(34))


def states(rows: pd.DataFrame) -> alt.Chart:
    """When each table was checked and how that ended: colour, and shape beside it."""
    scale = alt.Scale(domain=list(STATES), range=list(STATES.values()))
    shape = alt.Scale(domain=list(STATES), range=["circle", "triangle-up", "cross"])
    return (
        alt.Chart(rows)
        .mark_point(size=110, filled=True, opacity=1)
        .encode(
            x=alt.X("checked_at:T", scale=alt.Scale(type="utc", padding=12), axis=alt.Axis(title="time (UTC)", tickCount=6)),
            y=alt.Y("table_name:N", axis=alt.Axis(title=None, labelLimit=260, grid=True)),
            color=alt.Color("result:N", scale=scale, legend=_LEGEND),
            shape=alt.Shape("result:N", scale=shape, legend=_LEGEND),
            tooltip=[
                alt.Tooltip("table_name:N", title="table"),
                alt.Tooltip("checked_at:T", title="time (UTC)", format=_TIME, formatType="utc"),
                *(alt.Tooltip(f"{name}:Q", format=",") for name in ("checks", "critical", "warnings", "num_rows")),
            ],
        )
        .properties(height=alt.Step(22))
    )


def _tooltip(rows: pd.DataFrame, name: str, format_: str) -> alt.Tooltip:
    options: dict[str, Any] = {"format": format_} if pd.api.types.is_numeric_dtype(rows[name].dtype) else {}
    kind = "Q" if options else "N"
    return alt.Tooltip(f"{name}:{kind}", title=name.replace("_", " "), **options)
