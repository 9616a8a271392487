"""Funnel and churn: how far shoppers go, who is about to leave and what speaks for it, and what if."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from gold.churn.features import INPUTS, REQUIRED, Inputs
from serving.dashboard import charts
from serving.dashboard.panels import ask, guarded, live, panel, plain
from serving.dashboard.views.now import window
from serving.reading.queries import churn as query

_EMPTY_FUNNEL = "The funnel has no windows yet: run `reclake simulate clickstream`, then `reclake run realtime`."
_EMPTY_CHURN = "Nobody was predicted yet: run `reclake train churn`, then `reclake run realtime`."
_SHARES = {"with_cart": "put into the cart", "bought": "bought"}


def page() -> None:
    """Draw the page."""
    st.title("Funnel and churn")
    minutes = window(default=1_440)

    def figures() -> None:
        left, right = st.columns(2)
        with left:
            panel(
                "Funnel",
                query.funnel,
                minutes,
                draw=charts.funnel,
                empty=_EMPTY_FUNNEL,
                about="Shoppers who did at least that much within the window; a purchase counts as a view as well.",
            )
        with right:
            panel(
                "Conversion over time",
                query.conversion,
                minutes,
                draw=_shares,
                empty=_EMPTY_FUNNEL,
                about="Shares of the shoppers who were active; the newest windows are not final yet.",
            )
        left, right = st.columns([3, 2])
        with left:
            panel(
                "Churn alerts",
                query.alerts,
                100,
                empty=_EMPTY_CHURN,
                columns={
                    "churn_probability": st.column_config.ProgressColumn(
                        "probability", format="percent", min_value=0, max_value=1
                    ),
                    "threshold": None,
                    "churned": st.column_config.CheckboxColumn("alert", help="the probability reaches the threshold"),
                },
                about="The highest first, with what the model was told of each shopper: counts of 28 days.",
            )
        with right:
            panel(
                "How probabilities spread",
                query.summary,
                draw=_spread,
                empty=_EMPTY_CHURN,
                about="All shoppers that were predicted; from the threshold (dashed) on it is an alert.",
            )
        _drivers()

    live(figures)
    _what_if()


def _shares(rows: pd.DataFrame) -> charts.Drawing:
    long = rows.rename(columns=_SHARES).melt(["at"], list(_SHARES.values()), "step", "share")
    return charts.over_time(long, "share", "share of active shoppers", "step", list(_SHARES.values()), format_=".0%")


def _spread(rows: pd.DataFrame) -> charts.Drawing:
    shown = rows.assign(to=rows["from_probability"] + 0.05)
    threshold = float(rows["threshold"].max())
    return charts.probabilities(shown, "from_probability", "to", "shoppers", "shoppers", threshold)


def _drivers() -> None:
    """One shopper beside what is usual."""
    users: list[str] = []
    guarded(lambda: users.extend(_alerts()["user_id"]))
    if not users:
        return
    chosen = st.session_state.get("shopper") or st.query_params.get("shopper")
    options = list(dict.fromkeys([*([chosen] if chosen in users else []), *users]))
    user = st.selectbox("What drives the alert of", options, key="shopper", bind="query-params")

    def beside(rows: pd.DataFrame) -> charts.Drawing:
        mine = _alerts().set_index("user_id").loc[user]
        shown = rows.assign(
            shopper=pd.to_numeric([mine[name] for name in rows["input"]]),
            ratio=lambda r: r["shopper"] / r["median"].where(r["median"] > 0),
        ).dropna(subset=["ratio"])
        shown["input"] = shown["input"].str.replace("_", " ")
        return charts.ranked(
            shown, "input", "ratio", "times the median shopper", ["input", "shopper", "median", "ratio"]
        )

    panel(
        f"{user} beside the median shopper",
        query.usual,
        draw=beside,
        key="drivers",
        empty=_EMPTY_CHURN,
        about="Each input of the model, divided by its median over all shoppers: what is far from 1 stands out.",
    )


def _alerts() -> pd.DataFrame:
    rows: pd.DataFrame = ask(query.alerts, 100).rows
    return rows


def _what_if() -> None:
    """Ask the churn API about a shopper that may not exist."""
    st.markdown("##### What if", help="Asks the churn API. What is left empty is filled with what is usual.")
    with st.form("what-if", border=True):
        cells = st.columns(5)
        given: dict[str, Any] = {}
        for place, name in enumerate(INPUTS):
            field = Inputs.model_fields[name]
            is_float = name == "mean_session_seconds"
            given[name] = cells[place % 5].number_input(
                name.replace("_", " ") + (" *" if name in REQUIRED else ""),
                min_value=0.0 if is_float else 0,
                value=0 if name in REQUIRED else None,
                step=1.0 if is_float else 1,
                help=field.description,
                key=f"what-if-{name}",
            )
        asked = st.form_submit_button("Ask", icon=":material/psychology:", type="primary")
    if asked:
        guarded(lambda: _answer({name: value for name, value in given.items() if value is not None}))


def _answer(inputs: dict[str, Any]) -> None:
    from serving.dashboard.panels import stores

    said = query.what_if(stores(), inputs)
    verdict = "alert" if said["churned"] else "no alert"
    with st.container(border=True):
        st.metric(
            "Churn probability",
            f"{said['churn_probability']:.1%}",
            f"{verdict}, threshold {said['threshold']:.1%}",
            delta_color="off",
            delta_arrow="off",
        )
        st.caption(
            f"Model version {plain(str(said['model_version']))}."
            + (
                f" Filled with what is usual: {plain(', '.join(said['imputed']).replace('_', ' '), 300)}."
                if said["imputed"]
                else ""
            )
        )
