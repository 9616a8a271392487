"""Purchase files on disk: whatever they are called and however often they come, each row is in bronze once."""

import datetime as dt
import gzip
import json
import logging
import os

import pandas as pd
import pytest

from bronze.purchases import ingest_purchases
from lakehouse import tables
from lakehouse.quality.gate import check_quality
from silver.shop.tasks import update_purchases

ROWS = pd.DataFrame(
    {
        "user_id": ["u1", "u1", "u2"],
        "item_id": ["i1", "i1", "i2"],
        "purchase_amount": [10.0, 10.0, 12.345],
        "purchase_date": [dt.date(2023, 1, 5), dt.date(2023, 1, 5), dt.date(2023, 2, 1)],
    }
)
NAMES = "user_id,item_id,purchase_amount,purchase_date\n"

# Neither an escape of a URI nor a pattern.
ODD = "b 100%20 [1] {é,x}*.csv"


@pytest.fixture(scope="module")
def lake(new_lake):
    """A lake that met the same rows in several files, one of them twice, and with columns of other names and types."""
    lake = new_lake()
    lake = lake.with_settings(
        lake.settings.model_copy(
            update={"purchases_columns": "user_id=customer, item_id=Item No.", "purchases_settle_seconds": 0}
        )
    )
    folder = lake.settings.incoming_purchases
    folder.mkdir(parents=True)
    named = ROWS.rename(columns={"user_id": "customer", "item_id": "Item No."})
    named.to_parquet(folder / "a.parquet")
    ingest_purchases.run(lake, {})
    (folder / "copy.parquet").write_bytes((folder / "a.parquet").read_bytes())
    named.to_csv(folder / ODD, index=False)
    (folder / "notes.txt").write_text("no purchases")
    ingest_purchases.run(lake, {})
    (folder / "broken.parquet").write_bytes(b"PAR1 and nothing else PAR1")
    (folder / "c.csv").write_text("customer,Item No.,purchase_amount,purchase_date\nu3,i3,free,2023-03-01\n")
    ingest_purchases.run(lake, {})
    update_purchases.run(lake, {})
    return lake


def test_each_content_is_taken_in_once(lake):
    rows = lake.read(tables.raw_purchases).orderBy("file", "row").collect()

    assert [(row["file"].rsplit("/", 1)[1], row["row"]) for row in rows] == [
        ("a.parquet", 0), ("a.parquet", 1), ("a.parquet", 2), (ODD, 0), (ODD, 1), (ODD, 2), ("c.csv", 0)
    ]  # fmt: skip
    assert json.loads(rows[2]["value"]) == {
        "customer": "u2", "Item No.": "i2", "purchase_amount": 12.345, "purchase_date": "2023-02-01"
    }  # fmt: skip


def test_the_same_purchases_in_several_files_count_once(lake):
    rows = lake.read(tables.purchases).orderBy("user_id").collect()

    assert [(row["user_id"], row["item_id"], str(row["purchase_amount"]), row["purchase_date"]) for row in rows] == [
        ("u1", "i1", "10.00", dt.date(2023, 1, 5)),
        ("u1", "i1", "10.00", dt.date(2023, 1, 5)),
        ("u2", "i2", "12.35", dt.date(2023, 2, 1)),
    ]


def test_a_file_that_cannot_be_taken_is_named_with_its_reason(lake):
    rows = lake.read(tables.files).orderBy("file").collect()

    assert [(row["file"].rsplit("/", 1)[1], row["state"], row["num_rows"]) for row in rows] == [
        ("a.parquet", "taken", 3),
        (ODD, "taken", 3),
        ("broken.parquet", "refused", None),
        ("c.csv", "taken", 1),
        ("copy.parquet", "taken", 3),
        ("notes.txt", "refused", None),
    ]
    assert rows[2]["reason"].startswith("it cannot be read as what its name says")


def test_a_file_that_has_not_changed_is_neither_opened_nor_named_again(lake, caplog):
    versions = lake.version(tables.raw_purchases), lake.version(tables.files)

    with caplog.at_level(logging.WARNING):
        ingest_purchases.run(lake, {})

    assert (lake.version(tables.raw_purchases), lake.version(tables.files)) == versions
    assert "was not taken" not in caplog.text


def test_the_gate_warns_of_files_that_were_not_taken(lake, caplog):
    with caplog.at_level(logging.WARNING):
        check_quality.run(lake, {"layer": "shop_bronze"})

    assert "2 of 6 rows" in next(message for message in caplog.messages if message.startswith("ops.files"))


def test_a_row_without_a_price_is_quarantined_with_its_file(lake):
    rows = lake.read(tables.quarantine).collect()

    assert [(row["source"], row["reason"], row["detail"]) for row in rows] == [
        ("bronze.purchases", "bad_number", "purchase_amount=free")
    ]


@pytest.mark.slow
def test_what_a_file_said_before_it_changed_is_corrected_by_what_it_says_now(new_lake):
    lake = new_lake()
    lake = lake.with_settings(lake.settings.model_copy(update={"purchases_settle_seconds": 0}))
    folder = lake.settings.incoming_purchases
    folder.mkdir(parents=True)
    first = folder / "May sales #1, 100%'é.csv"
    half = NAMES + "u1,i1,129.90,2024-05-01\nu2,i2,10,2024-05-01\nu3,i3,free,2024-05-01\nu4,i4,129."

    def run(text):
        first.write_text(text)
        # The half row that a copy left behind an hour ago.
        os.utime(first, (0, first.stat().st_mtime - 7200))
        ingest_purchases.run(lake, {})
        update_purchases.run(lake, {})
        return sorted(
            (row["user_id"], str(row["purchase_amount"])) for row in lake.read(tables.purchases).collect()
        ), sorted(row["reason"] for row in lake.read(tables.quarantine).collect())

    (folder / "other.csv.gz").write_bytes(gzip.compress((NAMES + "u2,i2,10.00,2024-05-01\n").encode()))

    assert run(half) == ([("u1", "129.90"), ("u2", "10.00")], ["bad_number", "missing_field"])
    # One purchase is gone, one of which another file tells as well stays, the half one is whole.
    assert run(NAMES + "u4,i4,129.90,2024-05-01\n") == ([("u2", "10.00"), ("u4", "129.90")], [])
    # What a broken file said when it could be read stays.
    assert run(NAMES + '"u5,i5,1,2024-05-01\n') == ([("u2", "10.00"), ("u4", "129.90")], [])
    assert run(half) == ([("u1", "129.90"), ("u2", "10.00")], ["bad_number", "missing_field"])
