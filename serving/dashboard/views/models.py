"""Models: runs compared, who is champion and who challenged, and why that went as it did."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from serving.dashboard import charts
from serving.dashboard.panels import ask, guarded, live, panel, plain, table
from serving.reading.queries import models as query

_TITLES = {"recommender": "Recommender", "churn": "Churn"}
_DECIDING = ("ndcg_at_10", "mrr_at_20", "auc_pr")
_EMPTY = "Nothing was trained yet: run `reclake demo`, for churn `reclake train churn`."


def page() -> None:
    """Draw the page."""
    st.title("Models")

    def figures() -> None:
        for model in query.MODELS:
            panel(
                f"{_TITLES[model]}: versions",
                query.versions,
                model,
                draw=_verdict,
                empty=_EMPTY,
                key=f"versions-{model}",
                about="A candidate serves only if it is better than what serves, beyond chance.",
            )
        _measured()
        panel(
            "MLflow runs",
            query.runs,
            empty=_EMPTY,
            columns={"run_id": None, "parameters": None, "metrics": None},
            about=f"The newest {query.MOST_RUNS} of the experiment.",
        )
        guarded(_compared)

    live(figures)


def _verdict(rows: pd.DataFrame) -> None:
    """Champion and challenger, and the sentence that decided."""
    for role, icon in (("champion", ":material/trophy:"), ("challenger", ":material/swords:")):
        held = rows[rows["role"].str.contains(role)]
        if held.empty:
            continue
        one = held.iloc[0]
        st.markdown(
            f"{icon} **{role.capitalize()}**: version {plain(one['version'])}, {plain(one['configuration'], 200)}, "
            f"score {one['score']:.3f}, data until {one['trained_until']}  \n{plain(one['verdict'], 400)}"
        )
    table(
        rows,
        {"score": st.column_config.NumberColumn("score", format="%.4f")},
        key=f"table-{rows['version'].iloc[0]}-{len(rows)}-{rows['configuration'].iloc[0][:20]}",
    )


def _measured() -> None:
    options: list[str] = []

    def ask_metrics() -> None:
        rows = ask(query.evaluations).rows
        # What decides stands first, then what most models are measured by.
        known = sorted(rows["metric"].unique()) if len(rows) else []
        options.extend([one for one in _DECIDING if one in known] + [one for one in known if one not in _DECIDING])

    guarded(ask_metrics)
    metric = st.selectbox("Metric", options, key="metric", bind="query-params") if options else None
    if metric is None:
        return

    def draw(rows: pd.DataFrame) -> charts.Drawing:
        shown = rows[rows["metric"] == metric].sort_values("value", ascending=False)
        shown = shown.assign(model=shown["model"] + " (" + shown["split"] + ")")
        return charts.intervals(shown, f"{metric}, with its 95 % interval")

    panel(
        "What trainings measured",
        query.evaluations,
        draw=draw,
        empty=_EMPTY,
        about="The newest measurement of each model on held-out data. Models of different splits do not compare.",
    )


def _compared() -> None:
    """Runs side by side: parameters and metrics as rows."""
    rows = ask(query.runs).rows
    if rows.empty:
        return
    names = {run: f"{name} ({run[:8]})" for run, name in zip(rows["run_id"], rows["name"], strict=True)}
    chosen = st.multiselect(
        "Compare runs", list(names), default=list(names)[:3], format_func=lambda run: names[run], key="runs"
    )
    if not chosen:
        return
    known = rows.set_index("run_id")
    beside = (
        {names[run]: pd.Series(known.loc[run, "metrics"]).map("{:.4g}".format) for run in chosen},
        {names[run]: pd.Series(known.loc[run, "parameters"], dtype=object) for run in chosen},
    )
    left, right = st.columns(2)
    for place, title, content in ((left, "Metrics", beside[0]), (right, "Parameters", beside[1])):
        with place, st.container(border=True):
            st.markdown(f"##### {title} of these runs")
            shown = pd.DataFrame(content).rename_axis(title.lower()).reset_index()
            if shown.empty:
                st.info(f"These runs have no {title.lower()}.")
            else:
                table(shown, key=f"compared-{title}")
