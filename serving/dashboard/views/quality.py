"""Quality: what the gates found and when, what was refused and why, and how far events shift."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from serving.dashboard import charts
from serving.dashboard.panels import ask, guarded, live, panel
from serving.reading.queries import now
from serving.reading.queries import quality as query

_DAYS = 28
_EMPTY = "No gate has checked anything yet: run `reclake demo`."
_NOTHING_REFUSED = "Nothing was refused."


def page() -> None:
    """Draw the page."""
    st.title("Quality")

    def figures() -> None:
        panel(
            "Gates by table and time",
            query.gates,
            draw=charts.states,
            empty=_EMPTY,
            about="Closed: a critical expectation failed, and what follows did not run.",
        )
        panel("What did not hold", query.failures, empty="Every expectation held in every check.")
        left, right = st.columns(2)
        with left:
            panel("Quarantine by reason", now.quarantined, draw=_reasons, empty=_NOTHING_REFUSED)
        with right:
            panel(
                "Quarantine over time",
                query.quarantine_over_time,
                draw=_over_time,
                empty=_NOTHING_REFUSED,
                about="By the hour in which a record reached bronze.",
            )
        _samples()
        left, right = st.columns(2)
        with left:
            _drift("Drift of listening", now.LISTENING)
            _mix("Mix of listening", now.LISTENING)
        with right:
            _drift("Drift of the shop", now.SHOP)
            _mix("Mix of the shop", now.SHOP)

    live(figures)


def _drift(title: str, stream: now.Stream) -> None:
    panel(
        title,
        query.drift,
        stream,
        _DAYS,
        draw=charts.drift,
        empty="No day has been compared with days before it: run `reclake demo`, for the shop `reclake run shop`.",
        about="How far a day's events are from those of the 28 days before, by the population stability index: "
        "stable below .1, moderate below .25, major. Few events reach that by chance; the table says how far.",
    )


def _mix(title: str, stream: now.Stream) -> None:
    def draw(rows: pd.DataFrame) -> charts.Drawing:
        by_day = rows.rename(columns={"day": "at"})
        return charts.over_time(by_day, "share", "share of the day's events", "type", stream.types, format_=".0%")

    panel(
        title,
        query.mix,
        stream,
        _DAYS,
        draw=draw,
        empty="There are no events yet.",
        about="How a day's events divide into types, the last 28 days: a shift is behaviour, or a producer.",
    )


def _reasons(rows: pd.DataFrame) -> charts.Drawing:
    shown = rows.assign(source=rows["source"].str.replace("bronze.", ""))
    return charts.stacked(shown, "reason", "records", "source", sorted(shown["source"].unique()), "records refused")


def _over_time(rows: pd.DataFrame) -> charts.Drawing:
    by_source = rows.groupby(["at", "source"])["records"].sum().reset_index()
    by_source["hour"] = by_source["at"].dt.strftime("%m-%d %H:00")
    by_source["source"] = by_source["source"].str.replace("bronze.", "")
    return charts.stacked(
        by_source, "hour", "records", "source", sorted(by_source["source"].unique()), "records refused"
    )


def _samples() -> None:
    reasons: list[tuple[str, str]] = []

    def known() -> None:
        rows = ask(now.quarantined).rows
        reasons.extend(zip(rows["source"], rows["reason"], strict=True) if len(rows) else [])

    guarded(known)
    if not reasons:
        return
    labels = [f"{source}: {reason}" for source, reason in reasons]
    label = st.selectbox("Samples of", labels, key="refused", bind="query-params")
    source, reason = reasons[labels.index(label)] if label in labels else reasons[0]
    panel(
        "Samples",
        query.samples,
        source,
        reason,
        20,
        empty=_NOTHING_REFUSED,
        about="The first bytes as they came; what cannot be printed is escaped.",
    )
