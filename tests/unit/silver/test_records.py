"""Ids: one rule, in Python for those who send and as a column for silver, with the same cases for both."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from lakehouse import tables
from lakehouse.events import identifier
from silver import records

IDS = {
    "u1": "u1",
    "u1 ": "u1",
    "\t u1\r\n": "u1",
    "\u00a0u1\u2003\u3000": "u1",
    "\ufeffu1\u200b": "u1",
    "u\u00001\u0085": "u1",
    "\u2028 \u200e u1\u2060": "u1",
    "u 1": "u 1",
    "ju\u200drgen": "ju\u200drgen",
    "Jürgen 李": "Jürgen 李",
    "0": "0",
    "-1": "-1",
    "31.0": "31.0",
    "nullable": "nullable",
    "nonesuch": "nonesuch",
    "": None,
    " \u200b\t": None,
    "undefined": None,
    " Undefined\n": None,
    "null": None,
    "NULL": None,
    "NaN": None,
    "None": None,
    "(not set)": None,
    "(Not Set) ": None,
    "<NA>": None,
    "N/A": None,
    "\\N": None,
    "[object Object]": None,
}


@pytest.mark.parametrize(("text", "expected"), IDS.items())
def test_an_id_is_what_can_be_seen_of_it(text, expected):
    assert identifier(text) == expected
    assert expected is None or identifier(expected) == expected


def test_silver_reads_ids_by_the_same_rule(spark):
    at = dt.datetime(2024, 5, 1)
    values = [json.dumps({"id": text}).encode() for text in IDS]
    rows = [("user-events", 0, n, None, value, None, at, at) for n, value in enumerate(values)]
    raw = spark.createDataFrame(rows, tables.raw_user_events.schema)

    found = records.parsed(raw, ["id"], 1_000).orderBy("offset").select(records.identifier("id").alias("id")).collect()

    assert [row["id"] for row in found] == list(IDS.values())
