"""The tasks of the shop's gold: popularity, metrics, profiles, training, and recommendations to sessions."""

from __future__ import annotations

from pyspark.sql import functions as F

from gold.engines.stamps import replace_stamped
from gold.shop.champion import champion_model
from gold.shop.item_popularity import WINDOW_DAYS
from gold.shop.item_popularity import item_popularity as popularity_of
from gold.shop.popular import Popular
from gold.shop.profiles import profiles
from gold.shop.recent import active_sessions
from gold.shop.recommending import recommendations
from gold.shop.session_metrics import ranks_of, top_sessions
from gold.shop.session_metrics import session_metrics as metrics_of
from lakehouse import tables
from lakehouse.lake import Lakehouse
from lakehouse.task import task

S, A = tables.sessions.c, tables.daily_item_activity.c


@task
def session_metrics(lake: Lakehouse) -> None:
    """Sum up the days that new, changed or deleted sessions began on, and find their most active sessions."""
    made = tables.session_metrics, tables.top_sessions
    if new := lake.changes(tables.sessions, consumer="session_metrics", into=made):
        days = new.touched(S.day)
        sessions = lake.read(tables.sessions, among=days)
        lake.refresh(tables.session_metrics, metrics_of(sessions), scope=days)
        lake.refresh(tables.top_sessions, top_sessions(sessions), scope=ranks_of(days))
        new.commit()


@task
def update_profiles(lake: Lakehouse) -> None:
    """Recompute the profiles of shoppers whose sessions changed; who has none left loses the profile."""
    weights = lake.settings.click_weights
    if new := lake.changes(tables.sessions, "update_profiles", into=[tables.user_profiles], by=weights):
        users = new.touched(S.user_id).where(F.col(S.user_id).isNotNull())
        theirs = lake.read(tables.sessions, among=users)
        lake.refresh(tables.user_profiles, profiles(theirs, weights), scope=users)
        new.commit()


@task
def item_popularity(lake: Lakehouse) -> None:
    """Find out which products are popular, and which become so, when there was activity."""
    weights, half_life = lake.settings.click_weights, lake.settings.popularity_half_life_days
    made, by = tables.item_popularity, (weights, half_life)
    if news := lake.news("item_popularity", tables.daily_item_activity, into=[made], by=by):
        activity = lake.read(tables.daily_item_activity)
        newest = activity.agg(F.max(A.day)).first()
        assert newest is not None
        # A literal, which skips the files of older days.
        window = activity.where(F.col(A.day) > F.date_sub(F.lit(newest[0]), WINDOW_DAYS))
        lake.replace(made, popularity_of(window, weights, half_life))
        news.commit()


@task
def train_sessions(lake: Lakehouse) -> None:
    """Decide which model of sessions serves and train it when sessions have changed; see `gold.shop.training`."""
    settings, serving = lake.settings, (tables.session_item_item, tables.session_item_factors)
    by = settings.click_weights, settings.session_similar_n, settings.session_train_days
    if news := lake.news("train_sessions", tables.sessions, into=serving, by=by):
        from gold.shop.training import train

        train(lake, news.of)
        news.commit()


@task
def recommend_sessions(lake: Lakehouse) -> None:
    """Recommend products to every session that goes on, and to `ANYONE`."""
    sources = (tables.sessions, tables.item_popularity, tables.session_item_item, tables.session_item_factors)
    hours, most = lake.settings.session_active_hours, lake.settings.top_n
    if news := lake.news("recommend_sessions", *sources, into=[tables.session_recommendations], by=(hours, most)):
        sessions = active_sessions(lake, hours)
        model, version = champion_model(lake)
        popular = Popular(lake.read(tables.item_popularity).where("popularity > 0"))
        made = recommendations(sessions, model, popular, most)
        replace_stamped(lake, tables.session_recommendations, made, version)
        news.commit()
