"""Rows of this process as a frame."""

import datetime as dt
from decimal import Decimal

from lakehouse.rows import few_rows

SCHEMA = "name string, at timestamp, day date, amount decimal(18,6), parts array<string>, score double"
ROWS = [
    ("ü", dt.datetime(2024, 5, 1, 23, 59, 59, 1), dt.date(2024, 5, 1), Decimal("1.500000"), ["a", None], 0.1),
    (None, None, None, None, None, float("inf")),
]


def test_rows_come_back_as_they_were_from_the_plan_itself(spark, capsys):
    rows = few_rows(spark, ROWS, SCHEMA)

    rows.explain()

    assert [tuple(row) for row in rows.collect()] == ROWS
    assert "LocalTableScan" in capsys.readouterr().out


def test_no_rows_are_an_empty_frame_with_the_columns(spark):
    none = few_rows(spark, [], SCHEMA)

    assert none.isEmpty()
    assert none.columns == ["name", "at", "day", "amount", "parts", "score"]
