"""PostgreSQL, where the dashboard reads: batches are written once, however often they are sent."""

from reclake.database.batches import Written, write_batch
from reclake.database.connection import Database, connect, connect_read_only
from reclake.database.frames import FrameRows
from reclake.database.migration import migrate
from reclake.database.tables import CHURN_PREDICTION, FUNNEL_SUMMARY, RAW_EVENTS, StoredTable

__all__ = [
    "CHURN_PREDICTION",
    "FUNNEL_SUMMARY",
    "RAW_EVENTS",
    "Database",
    "FrameRows",
    "StoredTable",
    "Written",
    "connect",
    "connect_read_only",
    "migrate",
    "write_batch",
]
