"""Charts of one look: axes with units, times in UTC, colours of the theme that colour-blind people can tell apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

Drawing = alt.Chart | alt.LayerChart | alt.FacetChart
HEIGHT = 260
_TIME = "%Y-%m-%d %H:%M"
_LEGEND = alt.Legend(orient="top", title=None, labelLimit=220, offset=6)
_LINES = alt.Legend(
    orient="top", title=None, labelLimit=220, offset=6, columns=3, symbolType="stroke", symbolStrokeWidth=3
)
STATES = {"passed": "#0072B2", "warning": "#E69F00", "closed": "#D55E00"}
_SHAPES = ["circle", "triangle-up", "cross"]


def over_time(
    rows: pd.DataFrame, y: str, unit: str, by: str, order: Sequence[str], *, format_: str = ",.2~f"
) -> Drawing:
    """Lines over `at`, one per value of `by`; a point shows under the pointer."""
    base = alt.Chart(rows).encode(
        x=alt.X("at:T", scale=alt.Scale(type="utc"), axis=_time_axis(rows["at"])),
        y=alt.Y(f"{y}:Q", axis=alt.Axis(title=unit, tickCount=5, format=format_)),
        color=alt.Color(f"{by}:N", scale=alt.Scale(domain=list(order)), legend=_LINES),
        tooltip=[
            alt.Tooltip("at:T", title="time (UTC)", format=_TIME, formatType="utc"),
            alt.Tooltip(f"{by}:N", title=by),
            alt.Tooltip(f"{y}:Q", title=unit, format=format_),
        ],
    )
    near = alt.selection_point(on="pointerover", empty=False, name="near")
    # The line's shape tells types apart as well, where colour does not.
    line = base.mark_line(interpolate="monotone", strokeWidth=2).encode(
        strokeDash=alt.StrokeDash(f"{by}:N", scale=alt.Scale(domain=list(order)), legend=None)
    )
    points = base.mark_point(size=120, filled=True).encode(opacity=alt.condition(near, alt.value(1), alt.value(0)))
    return alt.layer(line, points.add_params(near)).properties(height=HEIGHT)


def ranked(rows: pd.DataFrame, y: str, x: str, unit: str, tooltip: Sequence[str], *, format_: str = ",.3~f") -> Drawing:
    """Horizontal bars in the order of the rows, a label each."""
    chart: alt.Chart = (
        alt.Chart(rows)
        .mark_bar(cornerRadiusEnd=3)
        .encode(
            x=alt.X(f"{x}:Q", axis=alt.Axis(title=unit, tickCount=5)),
            y=alt.Y(f"{y}:N", sort=None, axis=alt.Axis(title=None, labelLimit=260)),
            tooltip=[_tooltip(rows, name, format_) for name in tooltip],
        )
        .properties(height=alt.Step(24))
    )
    return chart


def stacked(rows: pd.DataFrame, y: str, x: str, by: str, order: Sequence[str], unit: str) -> Drawing:
    """Horizontal bars in the order of the rows, divided by `by`."""
    chart: alt.Chart = (
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
    return chart


def columns(rows: pd.DataFrame, x: str, y: str, title: str, unit: str, *, label_angle: int = 0) -> Drawing:
    """Vertical bars in the order of the rows."""
    chart: alt.Chart = (
        alt.Chart(rows)
        .mark_bar(cornerRadiusEnd=2)
        .encode(
            x=alt.X(f"{x}:O", sort=None, axis=alt.Axis(title=title, labelAngle=label_angle, labelOverlap=True)),
            y=alt.Y(f"{y}:Q", axis=alt.Axis(title=unit, tickCount=5)),
            tooltip=[_tooltip(rows, name, ",.2~f") for name in (x, y)],
        )
        .properties(height=HEIGHT)
    )
    return chart


def probabilities(rows: pd.DataFrame, low: str, high: str, y: str, unit: str, threshold: float) -> Drawing:
    """Bars over probabilities from `low` to `high`, and a dashed line where the threshold is."""
    bars = (
        alt.Chart(rows)
        .mark_rect(stroke="white", strokeWidth=0.5)
        .encode(
            x=alt.X(f"{low}:Q", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(title="probability", format=".0%")),
            x2=f"{high}:Q",
            y=alt.Y(f"{y}:Q", axis=alt.Axis(title=unit, tickCount=5)),
            y2=alt.datum(0),
            tooltip=[alt.Tooltip(f"{low}:Q", format=".0%", title="from"), alt.Tooltip(f"{y}:Q", format=",")],
        )
    )
    line = (
        alt.Chart(pd.DataFrame({"threshold": [threshold]}))
        .mark_rule(strokeDash=[5, 4], strokeWidth=2, color=STATES["closed"])
        .encode(x="threshold:Q", tooltip=[alt.Tooltip("threshold:Q", format=".1%")])
    )
    return alt.layer(bars, line).properties(height=HEIGHT)


def funnel(rows: pd.DataFrame) -> Drawing:
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
    # An outline under the letters: the narrowest bar may be narrower than they are.
    letters = alt.Chart(shown).encode(x=alt.datum(0), y=y, text="label:N")
    outline = letters.mark_text(fontSize=14, fontWeight="bold", stroke="#0A3550", strokeWidth=4, strokeJoin="round")
    front = letters.mark_text(fontSize=14, fontWeight="bold", color="white")
    return alt.layer(bars, outline, front).properties(height=HEIGHT)


def intervals(rows: pd.DataFrame, unit: str) -> Drawing:
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


def states(rows: pd.DataFrame) -> Drawing:
    """When each table was checked and how that ended: colour, and shape beside it."""
    scale = alt.Scale(domain=list(STATES), range=list(STATES.values()))
    shape = alt.Scale(domain=list(STATES), range=_SHAPES)
    chart: alt.Chart = (
        alt.Chart(rows)
        .mark_point(size=110, filled=True, opacity=1)
        .encode(
            x=alt.X("checked_at:T", scale=alt.Scale(type="utc", padding=12), axis=_time_axis(rows["checked_at"])),
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
    return chart


def drift(rows: pd.DataFrame) -> Drawing:
    """A line of the index per feature over days, and a point per day: its level as colour, and shape beside it."""
    levels = ["stable", "moderate", "major"]
    base = alt.Chart(rows).encode(
        x=alt.X("day:T", scale=alt.Scale(type="utc"), axis=_time_axis(rows["day"])),
        y=alt.Y("psi:Q", axis=alt.Axis(title="population stability index", tickCount=5)),
    )
    line = base.mark_line(strokeWidth=1.5, color="gray").encode(strokeDash=alt.StrokeDash("feature:N", legend=_LINES))
    points = base.mark_point(size=70, filled=True, opacity=1).encode(
        color=alt.Color("level:N", scale=alt.Scale(domain=levels, range=list(STATES.values())), legend=_LEGEND),
        shape=alt.Shape("level:N", scale=alt.Scale(domain=levels, range=_SHAPES), legend=_LEGEND),
        tooltip=[
            alt.Tooltip("day:T", format="%Y-%m-%d", formatType="utc"),
            alt.Tooltip("feature:N"),
            alt.Tooltip("level:N"),
            *(_tooltip(rows, name, ",.3~f") for name in ("psi", "psi_by_chance", "num_events")),
        ],
    )
    return alt.layer(line, points).properties(height=HEIGHT)


def _time_axis(times: pd.Series[pd.Timestamp]) -> alt.Axis:
    """Hours of one day, or days: in 24 hours and UTC, whatever the reader's own zone is."""
    short = times.max() - times.min() <= pd.Timedelta(days=2)
    return alt.Axis(title="time (UTC)", format="%H:%M" if short else "%b %d", tickCount=7, labelOverlap=True)


def _tooltip(rows: pd.DataFrame, name: str, format_: str) -> alt.Tooltip:
    options: dict[str, Any] = {"format": format_} if pd.api.types.is_numeric_dtype(rows[name].dtype) else {}
    kind = "Q" if options else "N"
    return alt.Tooltip(f"{name}:{kind}", title=name.replace("_", " "), **options)
