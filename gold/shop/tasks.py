"""The tasks of the shop's gold: popularity, metrics, profiles, training, and recommendations to sessions."""

from __future__ import annotations

from pyspark.sql import functions as F

from gold.listening.served import replace_served
from gold.shop.item_popularity import WINDOW_DAYS
from gold.shop.item_popularity import item_popularity as popularity_of
from gold.shop.popular import Popular
from gold.shop.profiles import profiles
from gold.shop.recent import active_sessions
from gold.shop.recommending import recommendations
from gold.shop.serving import serving
from gold.shop.session_metrics import ranks_of, top_sessions
from gold.shop.session_metrics import session_metrics as metrics_of
from lakehouse import tables
from lakehouse.lake import Lakehouse
from lakehouse.task import task

S, A = tables.sessions.c, tables.daily_item_activity.c


@task
def session_metrics(lake: Lakehouse) -> None:
    """Sum up the days that new, changed or deleted sessions began on, and find their most active sessions."""
    for new in lake.changes(tables.sessions, consumer="session_metrics"):
        days = new.touched(S.day)
        sessions = lake.read(tables.sessions, among=days)
        lake.refresh(tables.session_metrics, metrics_of(sessions), scope=days)
        lake.refresh(tables.top_sessions, top_sessions(sessions), scope=ranks_of(days))


@task
def update_profiles(lake: Lakehouse) -> None:
    """Recompute the profiles of shoppers whose sessions changed; who has none left loses the profile."""
    for new in lake.changes(tables.sessions, consumer="update_profiles"):
        users = new.touched(S.user_id).where(F.col(S.user_id).isNotNull())
        theirs = lake.read(tables.sessions, among=users)
        lake.refresh(tables.user_profiles, profiles(theirs, lake.settings.click_weights), scope=users)


@task
def item_popularity(lake: Lakehouse) -> None:
    """Find out which products are popular, and which become so, when there was activity."""
    for _ in lake.news("item_popularity", tables.daily_item_activity):
        activity = lake.read(tables.daily_item_activity)
        newest = activity.agg(F.max(A.day)).first()
        assert newest is not None
        # A literal, which skips the files of older days.
        window = activity.where(F.col(A.day) > F.date_sub(F.lit(newest[0]), WINDOW_DAYS))
        settings = lake.settings
        popular = popularity_of(window, settings.click_weights, settings.popularity_half_life_days)
        lake.replace(tables.item_popularity, popular)


@task
def train_sessions(lake: Lakehouse) -> None:
    """Decide which model of sessions serves and train it when sessions have changed; see `gold.shop.training`."""
    served = (tables.session_item_item, tables.session_item_factors)
    # Somebody dropped what serves, or it was never there; without sessions there is nothing to make it from.
    gone = not any(map(lake.exists, served)) and not lake.read(tables.sessions).isEmpty()
    for versions in lake.news("train_sessions", tables.sessions, always=gone):
        from gold.shop.training import train

        train(lake, versions)


@task
def recommend_sessions(lake: Lakehouse) -> None:
    """Recommend products to every session that goes on, and to `ANYONE`."""
    sources = (tables.sessions, tables.item_popularity, tables.session_item_item, tables.session_item_factors)
    for _ in lake.news("recommend_sessions", *sources):
        sessions = active_sessions(lake, lake.settings.session_active_hours)
        model, version = serving(lake)
        popular = Popular(lake.read(tables.item_popularity).where("popularity > 0"))
        made = recommendations(sessions, model, popular, lake.settings.top_n)
        replace_served(lake, tables.session_recommendations, made, version)
