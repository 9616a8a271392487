"""Events, funnels, predicted churn, and which batches were written."""

from alembic import op

revision = "0001"
down_revision = None

_STATEMENTS = (
    """
    CREATE TABLE batches (
        table_name text NOT NULL,
        batch_id text NOT NULL,
        written_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (table_name, batch_id)
    )
    """,
    # The key begins with the event, because a partition has but one day. Bytes sort faster than words.
    """
    CREATE TABLE raw_events (
        event_id text COLLATE "C" NOT NULL,
        day date NOT NULL,
        "timestamp" timestamptz NOT NULL,
        session_id text,
        user_id text,
        item_id text,
        event_type text NOT NULL,
        price double precision,
        stored_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (event_id, day)
    ) PARTITION BY RANGE (day)
    """,
    """CREATE INDEX raw_events_timestamp ON raw_events ("timestamp")""",
    """
    CREATE TABLE funnel_summary (
        user_id text COLLATE "C" NOT NULL,
        window_start timestamptz NOT NULL,
        window_end timestamptz NOT NULL,
        num_views bigint NOT NULL,
        num_add_to_cart bigint NOT NULL,
        num_purchases bigint NOT NULL,
        is_final boolean NOT NULL,
        is_corrected boolean NOT NULL,
        PRIMARY KEY (user_id, window_start)
    )
    """,
    "CREATE INDEX funnel_summary_window_start ON funnel_summary (window_start)",
    """
    CREATE TABLE churn_prediction (
        user_id text COLLATE "C" PRIMARY KEY,
        as_of date NOT NULL,
        churn_probability double precision NOT NULL,
        churned boolean NOT NULL,
        threshold double precision NOT NULL,
        model_version text,
        predicted_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX churn_prediction_probability ON churn_prediction (churn_probability DESC)",
)


def upgrade() -> None:
    """Make the tables."""
    for statement in _STATEMENTS:
        op.execute(statement)
