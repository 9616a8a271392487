"""Tables of what is learned and aggregated."""

from __future__ import annotations

from lakehouse.tables.silver import COUNTS
from lakehouse.tables.table import (
    BOOLEAN,
    DATE,
    DOUBLE,
    INT,
    LONG,
    MONEY_SUM,
    STRING,
    TIMESTAMP,
    VECTOR,
    Column,
    Table,
    array,
    mapping,
    struct,
    table,
)

__all__ = [
    "user_ids",
    "item_ids",
    "als_user_factors",
    "als_item_factors",
    "als_top_n",
    "als_item_item",
    "episode_embeddings",
    "text_similarities",
    "blend_weights",
    "final_recommendations",
    "session_item_item",
    "session_item_factors",
    "session_recommendations",
    "item_popularity",
    "session_metrics",
    "top_sessions",
    "user_profiles",
    "churn_features",
    "churn_predictions",
]

_SERVED = [
    ("model_version", STRING, "version of the registered model that made the row"),
    ("generated_at", TIMESTAMP, "when the row was made, UTC"),
]


def _ids(name: str, what: str, personal: tuple[str, ...] = ()) -> Table:
    return table(
        "gold",
        name,
        f"A dense number for each {what}, which models count by.",
        [("id", STRING, what)],
        [("idx", INT, "dense number, never reused")],
        personal=personal,
    )


user_ids = _ids("user_ids", "user_id", personal=("id",))
item_ids = _ids("item_ids", "new_episode_id")


def _factors(name: str, what: str, *more: Column) -> Table:
    return table(
        "gold",
        name,
        f"Each {what} as latent factors, by version of the model.",
        [("idx", INT, f"{what} number"), ("model_version", STRING, "version of the registered model")],
        [("factors", VECTOR, "latent factors"), *more],
    )


als_user_factors = _factors("als_user_factors", "user")
als_item_factors = _factors(
    "als_item_factors",
    "item",
    ("popularity", DOUBLE, "0 to 1, by the users who like it; recent ones count more"),
    ("configuration", STRING, "what the factors were fitted with (JSON), the same in all rows"),
)

als_top_n = table(
    "gold",
    "als_top_n",
    "What ALS on listening alone recommends to each listener.",
    [("user_id", STRING, "the listener"), ("new_episode_id", STRING, "the recommended episode")],
    [
        ("als_score", DOUBLE, "predicted preference, about 0 to 1; a share of popularity may be in it"),
        ("rank", INT, "1 is the best"),
        ("reason", STRING, "what speaks most for it: liked (something that the listener likes) or popular"),
        ("because_episode_id", STRING, "the episode that the listener likes, where that is the reason"),
        *_SERVED,
    ],
)

als_item_item = table(
    "gold",
    "als_item_item",
    "Episodes that the same listeners like.",
    [("new_episode_id", STRING, "the episode"), ("similar_episode_id", STRING, "an episode that is like it")],
    [
        ("similarity", DOUBLE, "cosine of the item factors"),
        ("rank", INT, "1 is the most similar"),
        *_SERVED,
    ],
)

episode_embeddings = table(
    "gold",
    "episode_embeddings",
    "The text of each episode as a vector.",
    [("episode_id", STRING, "the episode")],
    [
        ("embedding", VECTOR, "its text as a vector of length 1; null where there is no word in it"),
        ("encoder", STRING, "name and SHA-256 of the model and tokenizer"),
        ("content_hash", STRING, "SHA-256 of encoder, language and text: while it is the same, so is the row"),
        ("language", STRING, "primary language, such as en; null: not known"),
    ],
    cluster_by=("episode_id",),
)

text_similarities = table(
    "gold",
    "text_similarities",
    "Episodes whose texts are alike.",
    [("episode_id", STRING, "the episode"), ("similar_episode_id", STRING, "an episode whose text is like its")],
    [
        ("similarity", DOUBLE, "cosine of the embeddings, the same in both directions"),
        ("rank", INT, "1 is the most similar"),
        ("encoder", STRING, "name and SHA-256 of the model and tokenizer"),
        ("generated_at", TIMESTAMP, "when the row was made, UTC"),
    ],
)

blend_weights = table(
    "gold",
    "blend_weights",
    "How much listening, text and popularity count in the final recommendations, by group of listeners.",
    [("likes_from", INT, "the group: listeners who like so many episodes or more, up to the next group")],
    [
        ("als", DOUBLE, "weight of what listening says, the champion's score"),
        ("text", DOUBLE, "weight of what text says"),
        ("popularity", DOUBLE, "weight of what is popular now"),
    ],
)

final_recommendations = table(
    "gold",
    "final_recommendations",
    "What each listener is recommended in the end, from all sources and with the reason.",
    [("user_id", STRING, "the listener"), ("recommended_episode_id", STRING, "the recommended episode")],
    [
        ("score", DOUBLE, "weighted sum of what the sources say, in standard deviations over the catalogue"),
        ("rank", INT, "1 is the best"),
        ("reason", STRING, "by what adds most: liked (by listening), similar (by text) or popular"),
        ("because_episode_id", STRING, "the episode that the listener likes, where that is the reason"),
        ("sources", mapping(STRING, DOUBLE), "what als, text and popularity add to the score"),
        ("title", STRING, "title of the recommended episode"),
        *_SERVED,
    ],
)

session_item_item = table(
    "gold",
    "session_item_item",
    "Products that the same sessions touch.",
    [("item_id", STRING, "the product"), ("similar_item_id", STRING, "a product of the same sessions")],
    [
        ("similarity", DOUBLE, "how often they follow each other in sessions, near ones more, divided by how common"),
        ("rank", INT, "1 is the most similar"),
        *_SERVED,
    ],
    cluster_by=("item_id",),
)

session_item_factors = table(
    "gold",
    "session_item_factors",
    "Products as latent factors of the sessions that touch them.",
    [("item_id", STRING, "the product"), ("model_version", STRING, "version of the model")],
    [
        ("factors", VECTOR, "latent factors of ALS on sessions and items"),
        ("configuration", STRING, "what the factors were fitted with (JSON), the same in all rows"),
    ],
)

session_recommendations = table(
    "gold",
    "session_recommendations",
    "What the visitor of each recent session is recommended next, with the reason.",
    [("session_id", STRING, "the session"), ("item_id", STRING, "the recommended product")],
    [
        ("score", DOUBLE, "higher is better; comparable within a session only"),
        ("rank", INT, "1 is the best"),
        ("reason", STRING, "what speaks most for it: session (something in the session) or popular"),
        ("because_item_id", STRING, "the product of the session, where that is the reason"),
        ("user_id", STRING, "the shopper; null: anonymous"),
        ("session_ended_at", TIMESTAMP, "last event of the session that was known, UTC"),
        *_SERVED,
    ],
    cluster_by=("session_id",),
)

item_popularity = table(
    "gold",
    "item_popularity",
    "How popular each product is, and whether it gains.",
    [("item_id", STRING, "the product")],
    [
        ("num_views", LONG, "view events of the last 28 days, counted back from the newest event"),
        ("num_clicks", LONG, "click events of that time"),
        ("num_add_to_cart", LONG, "add_to_cart events of that time"),
        ("num_purchases", LONG, "purchase events of that time"),
        ("conversion", DOUBLE, "purchases per view, null without views"),
        ("trend", DOUBLE, "weighted events per day of the last 7 days, divided by those of all 28; 1 is steady"),
        ("popularity", DOUBLE, "0 to 1, by weighted events; recent ones count more"),
        ("rank", INT, "1 is the most popular"),
    ],
)

session_metrics = table(
    "gold",
    "session_metrics",
    "How the shop did on each day: sessions, conversion, revenue.",
    [("day", DATE, "UTC day on which the sessions began")],
    [
        ("num_sessions", LONG, "sessions without bots"),
        ("num_users", LONG, "shoppers that are known"),
        ("num_bots", LONG, "sessions of bots"),
        ("num_events", LONG, "events without bots"),
        ("num_bot_events", LONG, "events of bots, which are left out of everything else"),
        ("mean_length", DOUBLE, "seconds"),
        ("mean_events", DOUBLE, "events per session"),
        ("cart_rate", DOUBLE, "share of sessions with an add_to_cart"),
        ("conversion", DOUBLE, "share of sessions with a purchase"),
        ("abandonment", DOUBLE, "share of sessions with an add_to_cart that have no purchase; null without any"),
        ("revenue", MONEY_SUM, "sum of the prices of purchase events"),
    ],
    cluster_by=("day",),
)

top_sessions = table(
    "gold",
    "top_sessions",
    "The most active sessions of each day.",
    [("day", DATE, "UTC day on which the sessions began"), ("rank", INT, "1 is the most active")],
    [
        ("session_id", STRING, "the session"),
        ("user_id", STRING, "the shopper; null: anonymous"),
        ("num_events", LONG, "events of all types"),
        ("num_purchases", LONG, "events of type purchase"),
        ("session_length", DOUBLE, "seconds from the first event to the last"),
    ],
    cluster_by=("day",),
)

_FAVOURITE = struct(("item_id", STRING), ("weight", DOUBLE))

user_profiles = table(
    "gold",
    "user_profiles",
    "Each shopper's behaviour across all sessions.",
    [("user_id", STRING, "the shopper")],
    [
        ("first_seen_at", TIMESTAMP, "first event, UTC"),
        ("last_seen_at", TIMESTAMP, "last event, UTC; recency is counted from it"),
        ("num_sessions", LONG, "sessions without bots"),
        *COUNTS,
        ("spend", MONEY_SUM, "sum of the prices of purchase events"),
        ("conversion", DOUBLE, "share of sessions with a purchase"),
        ("sessions_per_week", DOUBLE, "sessions per week between the first event and the last, at least one week"),
        ("mean_session_length", DOUBLE, "seconds"),
        ("median_days_between", DOUBLE, "median days from the start of a session to that of the next; null with one"),
        ("favourite_items", array(_FAVOURITE), "items by weighted events, at most 10, the best first"),
        (
            "favourite_hours",
            array(INT),
            "UTC hours at which most sessions begin, at most 3, the most frequent first",
        ),
    ],
    cluster_by=("user_id",),
)

churn_features = table(
    "gold",
    "churn_features",
    "What the churn model is told of each shopper.",
    [("user_id", STRING, "the shopper"), ("as_of", DATE, "UTC day before which activity counts")],
    [
        *((name, kind, f"{comment}, of the 28 days before as_of") for name, kind, comment in COUNTS),
        ("recent_events", LONG, "events of all types of the last 7 of these days"),
        ("recency_days", LONG, "days from the last active day to as_of"),
        ("active_days", LONG, "days with an event"),
        ("num_sessions", LONG, "sessions, counted by day"),
        ("mean_session_seconds", DOUBLE, "seconds from the first event of a session and day to the last"),
        ("tenure_days", LONG, "days from the first event ever to as_of, at most 365"),
    ],
    cluster_by=("user_id",),
)

churn_predictions = table(
    "gold",
    "churn_predictions",
    "How likely each shopper is to stop shopping, and whether that is an alarm.",
    [("user_id", STRING, "the shopper"), ("as_of", DATE, "UTC day from which inactivity is predicted")],
    [
        ("churn_probability", DOUBLE, "of no activity in the days from as_of on that the model was trained for"),
        ("churned", BOOLEAN, "the probability reaches the threshold"),
        ("threshold", DOUBLE, "where the stated costs of a missed churner and of a false alarm balance"),
        *_SERVED,
    ],
    cluster_by=("as_of",),
)
