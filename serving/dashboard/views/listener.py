"""For a listener: what they heard, what they are recommended and why, and what each source would say alone."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from gold.listening.hybrid.weights import SOURCES
from serving.dashboard import charts
from serving.dashboard.panels import (
    ask,
    choices,
    guarded,
    listed,
    live,
    panel,
    plain,
    say_where_served,
    with_chosen,
)
from serving.reading.queries import listener as query

_LISTED = ("rank", "title", "score")


def page() -> None:
    """Draw the page."""
    st.title("For a listener")
    say_where_served()
    left, right = st.columns([3, 1])
    user = left.selectbox(
        "Listener",
        choices("user", query.find_users),
        key="user",
        bind="query-params",
        accept_new_options=True,
        placeholder="Choose one, or type any user_id",
        help="The first users that have recommendations; any other id can be typed.",
    )
    n = right.number_input("How many", 1, 50, 10, key="n", bind="query-params")
    if not user:
        st.info("There are no recommendations yet: run `reclake demo`, or type a user_id.")
        return

    def figures() -> None:
        _recommended(user, int(n))
        _beside(user, int(n))
        panel(
            "History",
            query.history,
            user,
            empty="Nothing is known of this listener: they get what is popular.",
            columns={"episode_id": "episode"},
            about=f"The newest {query.MOST_EVENTS} events. Weight is what an event says of liking; a like is 2.",
        )
        _similar(user)

    live(figures)


def _recommended(user: str, n: int) -> None:
    rows = panel(
        f"Recommended to {user}",
        query.recommended,
        user,
        n,
        draw=_mix,
        about="What applications read. A score is the sum of what the sources add, in standard deviations.",
        key="recommended",
    )
    if rows is not None and rows["user_id"].iloc[0] != user:
        st.info("This listener has no recommendations of their own: this is what anybody gets.")


def _mix(rows: pd.DataFrame) -> charts.Drawing:
    """The list, and under it what each source adds."""
    listed(rows, *_LISTED, "because")
    titles = [f"{rank}. {title[:60]}" for rank, title in zip(rows["rank"], rows["title"], strict=True)]
    long = rows.assign(episode=titles).melt(["episode"], list(SOURCES), var_name="source", value_name="adds")
    unit = "what each source adds to the score (standard deviations)"
    return charts.stacked(long, "episode", "adds", "source", SOURCES, unit)


def _beside(user: str, n: int) -> None:
    by_listening, by_text, final = st.columns(3)
    with by_listening:
        panel("By listening alone", query.by_listening, user, n, draw=_list, about="ALS, collection als_top_n.")
    with by_text:
        panel(
            "By text alone",
            query.by_text,
            user,
            n,
            draw=_list,
            empty="This listener likes nothing yet whose text is known.",
            about="What is nearest by text to any episode that the listener likes; score is the cosine.",
        )
    with final:
        panel("In the end", query.recommended, user, n, draw=_list, key="final", about="All sources together.")


def _list(rows: pd.DataFrame) -> None:
    listed(rows, *_LISTED)


def _similar(user: str) -> None:
    options: list[str] = []

    def known() -> None:
        options.extend(ask(query.history, user).rows["episode_id"])
        options.extend(ask(query.recommended, user, 50).rows["recommended_episode_id"])

    guarded(known)
    episode = st.selectbox(
        "What is like this episode?",
        with_chosen("episode", options),
        key="episode",
        bind="query-params",
        accept_new_options=True,
        placeholder="An episode_id",
    )
    if not episode:
        return
    guarded(lambda: st.markdown(plain(ask(query.title_of, episode), 200)))
    panel(
        "Similar episodes",
        query.similar,
        episode,
        10,
        columns={"episode_id": "episode", "by": "by"},
        empty="Nothing is known that is like this episode.",
        about="The nearest by who listens to them (cosine of ALS factors) and by what is said of them.",
    )
