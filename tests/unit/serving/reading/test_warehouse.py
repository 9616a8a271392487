"""Statements as a SQL warehouse gets them, on a workspace that answers as the API documents it."""

import datetime as dt

import pandas as pd
import pytest

from lakehouse import tables
from lakehouse.errors import NothingToServeError, ServiceError, SettingsError
from lakehouse.settings import Settings
from serving.reading.warehouse import Warehouse

STATEMENTS = "/api/2.0/sql/statements"
HISTORY = {
    "statement_id": "1",
    "status": {"state": "SUCCEEDED"},
    "manifest": {
        "schema": {
            "columns": [
                {"name": "version", "type_name": "LONG"},
                {"name": "timestamp", "type_name": "TIMESTAMP"},
                {"name": "done", "type_name": "BOOLEAN"},
                {"name": "operation", "type_name": "STRING"},
            ]
        }
    },
    "result": {"data_array": [["7", "2026-01-31T13:00:00.000Z", "true", "MERGE"]]},
}


def failed(message):
    return {
        "statement_id": "1",
        "status": {"state": "FAILED", "error": {"error_code": "BAD_REQUEST", "message": message}},
    }


@pytest.fixture
def warehouse(workspace):
    workspace.answers[STATEMENTS] = HISTORY
    return Warehouse(Settings(catalog="main", dashboard_warehouse="w1"))


def test_a_query_is_sent_with_full_names_and_bound_parameters_and_comes_back_typed(workspace, warehouse):
    rows = warehouse.rows(
        f"SELECT * FROM {tables.user_events} WHERE user_id = $user AND day >= $day LIMIT $n",
        user="' OR 1=1 --",
        day=dt.date(2026, 1, 31),
        n=10,
    )

    (asked,) = workspace.asked
    assert (
        asked["statement"]
        == "SELECT * FROM `main`.`silver`.`user_events` WHERE user_id = :user AND day >= :day LIMIT :n"
    )
    # A warehouse refuses a LIMIT that is a BIGINT.
    assert asked["parameters"] == [
        {"name": "user", "value": "' OR 1=1 --", "type": "STRING"},
        {"name": "day", "value": "2026-01-31", "type": "DATE"},
        {"name": "n", "value": "10", "type": "INT"},
    ]
    assert (asked["warehouse_id"], asked["on_wait_timeout"]) == ("w1", "CANCEL")
    (row,) = rows.to_dict("records")
    assert row == {
        "version": 7,
        "timestamp": pd.Timestamp("2026-01-31 13:00", tz="UTC"),
        "done": True,
        "operation": "MERGE",
    }


def test_how_old_a_table_is_and_its_version_are_one_statement_a_minute(workspace, warehouse):
    for _ in range(2):
        assert warehouse.written_at(tables.user_events) == dt.datetime(2026, 1, 31, 13, tzinfo=dt.UTC)
        assert warehouse.version(tables.user_events) == 7

    assert [asked["statement"] for asked in workspace.asked] == [
        "DESCRIBE HISTORY `main`.`silver`.`user_events` LIMIT 1"
    ]


def test_a_table_that_is_not_there_has_no_age_and_nothing_to_serve(workspace, warehouse):
    workspace.answers[STATEMENTS] = failed("[TABLE_OR_VIEW_NOT_FOUND] The table cannot be found.")

    assert warehouse.written_at(tables.user_events) is None
    with pytest.raises(NothingToServeError, match="run the jobs of the bundle"):
        warehouse.rows(f"SELECT * FROM {tables.user_events}")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (failed("[INSUFFICIENT_PERMISSIONS] no SELECT"), "no SELECT"),
        ({"statement_id": "1", "status": {"state": "CANCELED"}}, "no answer within 30 s"),
    ],
)
def test_a_statement_that_fails_or_takes_too_long_is_one_sentence(workspace, warehouse, answer, said):
    workspace.answers[STATEMENTS] = answer

    with pytest.raises(ServiceError, match=said):
        warehouse.rows("SELECT 1")


def test_a_catalog_without_a_warehouse_is_one_sentence():
    with pytest.raises(SettingsError, match="DASHBOARD_WAREHOUSE"):
        Warehouse(Settings(catalog="main"))
