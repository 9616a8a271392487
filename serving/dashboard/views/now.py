"""Now: what comes in, who is there, how fresh everything is, what was refused, and what jobs and tasks last did."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from serving.dashboard import charts
from serving.dashboard.panels import age, ask, guarded, live, panel, plain
from serving.reading.queries import now as query

WINDOWS = {15: "15 min", 60: "1 hour", 360: "6 hours", 1_440: "1 day", 10_080: "7 days"}
_EMPTY = "No events yet: run `reclake demo`, and for the shop `reclake simulate clickstream` and `reclake run shop`."

_STATES = ["SUCCESS", "SUCCESS_WITH_FAILURES", "FAILED"]
"""Of runs, from good to bad, as the colours of `charts.STATES` are."""


def page() -> None:
    """Draw the page."""
    st.title("Now")
    minutes = window()
    st.caption(
        "Windows end with the newest event of each stream, by the clock of events; ages are by the clock on the wall."
    )

    def figures() -> None:
        # Drawn last: they ask every table for its age, and the browser can fetch what charts need meanwhile.
        numbers = st.container()
        left, right = st.columns(2)
        with left:
            _events("Listening, events per minute", query.LISTENING, minutes)
        with right:
            _events("Shop, events per minute", query.SHOP, minutes)
        left, right = st.columns(2)
        with left:
            panel(
                "How fresh each layer is",
                query.freshness,
                draw=_newest_of_layers,
                empty="There are no tables yet: run `reclake demo`.",
                about="When each table last changed. A table without news is not written, so old need not be wrong.",
            )
        with right:
            panel(
                "Records in quarantine",
                query.quarantined,
                draw=lambda rows: charts.ranked(
                    rows.assign(what=rows["source"].str.replace("bronze.", "") + ": " + rows["reason"]).head(6),
                    "what",
                    "records",
                    "records refused",
                    ["source", "reason", "records"],
                ),
                empty="Nothing was refused.",
                about="Records that could not be used, by source and reason; samples are on the page Quality.",
            )
        panel(
            "What the last jobs did",
            query.runs,
            empty="No job has run here yet: run `reclake demo`.",
            about="Runs of `reclake run`, `demo` and `stream` on this machine, the newest first. "
            "Of `stream` those that failed, and those that ended a round of funnel and churn.",
            columns={
                # A label in colour, which only columns of several values have.
                "state": st.column_config.MultiselectColumn("state", options=_STATES, color=charts.STATES.values()),
                "failed": st.column_config.TextColumn("failed", width="medium"),
                "why": st.column_config.TextColumn("why", width="large"),
            },
        )
        panel(
            "What tasks last did",
            query.progress,
            empty="No task has run here yet: run `reclake demo`.",
            about="How far each task has read its tables. Behind: commits that it has not read yet.",
            columns={
                "task": "task",
                "reads": "reads",
                "done_at": st.column_config.DatetimeColumn(
                    "last progress (UTC)", format="YYYY-MM-DD HH:mm:ss", timezone="UTC"
                ),
            },
        )
        with numbers:
            guarded(lambda: _active(minutes))

    live(figures)


def window(key: str = "window", default: int = 60) -> int:
    """Let the reader choose how far back to look; the choice is in the URL."""
    chosen = st.segmented_control(
        "Window, up to the newest event",
        list(WINDOWS),
        format_func=lambda minutes: WINDOWS[minutes],
        default=default,
        key=key,
        bind="query-params",
        required=True,
    )
    return int(chosen or default)


def _active(minutes: int) -> None:
    listening, shopping = (ask(query.active, stream, minutes) for stream in (query.LISTENING, query.SHOP))
    quarantine, fresh = ask(query.quarantined).rows, ask(query.freshness)
    refused = int(quarantine["records"].sum()) if len(quarantine) else 0
    cells = (
        ("Active listeners", listening.users, f"{listening.events:,} events"),
        ("Active shoppers", shopping.users, f"{shopping.events:,} events"),
        ("Rows quarantined", refused, f"{len(quarantine)} reasons"),
        ("Tables", len(fresh.rows), f"newest write {age(fresh.written_at)}" if fresh.written_at else "none yet"),
    )
    for place, (label, value, beside) in zip(st.columns(4), cells, strict=True):
        place.metric(label, f"{value:,}", beside, delta_color="off", delta_arrow="off", border=True)


def _events(title: str, stream: query.Stream, minutes: int) -> None:
    panel(
        title,
        query.events_per_minute,
        stream,
        minutes,
        draw=lambda rows: charts.over_time(rows, "per_minute", "events per minute", "type", stream.types),
        empty=_EMPTY,
        about=f"Rows of {plain(str(stream.table))} by type.",
    )


def _newest_of_layers(rows: pd.DataFrame) -> charts.Drawing:
    minutes = (pd.Timestamp.now("UTC") - rows["written_at"]).dt.total_seconds() / 60
    shown = rows.assign(minutes=minutes.round(1)).sort_values("minutes").groupby("layer", sort=False).head(1)
    order = [layer for layer in ("bronze", "silver", "gold", "ops") if layer in set(shown["layer"])]
    shown = shown.set_index("layer").loc[order].reset_index()
    return charts.ranked(shown, "layer", "minutes", "minutes since its newest write", ["layer", "table", "minutes"])
