"""PostgreSQL, where the dashboard reads: batches are written once, however often they are sent."""

from lakehouse.database.batches import Written, replace_rows, write_batch
from lakehouse.database.connection import Database, connect_read_only
from lakehouse.database.frames import FrameRows
from lakehouse.database.migration import connect
from lakehouse.database.tables import CHURN_PREDICTION, FUNNEL_SUMMARY, RAW_EVENTS, StoredTable

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
    "replace_rows",
    "write_batch",
]
