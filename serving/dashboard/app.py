"""The application that Streamlit runs: its pages and how they are reached."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from serving.dashboard.panels import guarded
from serving.dashboard.views import churn, listener, models, now, quality, sessions


def main() -> None:
    """Draw the page that the URL names."""
    st.set_page_config(page_title="RecLake", page_icon=str(Path(__file__).with_name("icon.png")), layout="wide")
    chosen = st.navigation(
        [
            st.Page(now.page, title="Now", icon=":material/monitoring:", default=True),
            st.Page(listener.page, title="For a listener", icon=":material/headphones:", url_path="listener"),
            st.Page(sessions.page, title="Sessions", icon=":material/shopping_bag:", url_path="sessions"),
            st.Page(churn.page, title="Funnel and churn", icon=":material/filter_alt:", url_path="churn"),
            st.Page(models.page, title="Models", icon=":material/model_training:", url_path="models"),
            st.Page(quality.page, title="Quality", icon=":material/verified:", url_path="quality"),
        ],
        position="top",
    )
    # Settings that cannot be read, such as a scope of secrets that is not there yet, are said instead of a page.
    guarded(chosen.run)


main()
