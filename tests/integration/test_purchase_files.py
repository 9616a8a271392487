"""Purchase files on disk: whatever they are called and however often they come, each row is in bronze once."""

import datetime as dt
import json

import pandas as pd
import pytest

from bronze.purchases import ingest_purchases
from lakehouse import tables
from lakehouse.errors import InputFileError
from silver.shop.tasks import update_purchases

ROWS = pd.DataFrame(
    {
        "user_id": ["u1", "u1", "u2"],
        "item_id": ["i1", "i1", "i2"],
        "purchase_amount": [10.0, 10.0, 12.345],
        "purchase_date": [dt.date(2023, 1, 5), dt.date(2023, 1, 5), dt.date(2023, 2, 1)],
    }
)

# Neither an escape of a URI nor a pattern.
ODD = "b 100%20 [1] {é,x}*.csv"


@pytest.fixture(scope="module")
def lake(new_lake):
    """A lake that met the same rows in several files, one of them twice, and with columns of other names and types."""
    lake = new_lake()
    lake = lake.with_settings(
        lake.settings.model_copy(update={"purchases_columns": "user_id=customer, item_id=Item No."})
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
    (folder / "broken.parquet").write_bytes(b"PAR1 and nothing else")
    (folder / "c.csv").write_text("customer,Item No.,purchase_amount,purchase_date\nu3,i3,free,2023-03-01\n")
    with pytest.raises(InputFileError, match=r"broken\.parquet cannot be read as what the name says"):
        ingest_purchases.run(lake, {})
    update_purchases.run(lake, {})
    return lake


def test_each_content_is_taken_in_once(lake):
    rows = lake.read(tables.raw_purchases).orderBy("path", "row").collect()

    assert [(row["path"].rsplit("/", 1)[1], row["row"]) for row in rows] == [
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


def test_a_file_that_has_not_changed_is_not_opened_again(lake):
    version = lake.version(tables.raw_purchases)
    (lake.settings.incoming_purchases / "broken.parquet").unlink()

    ingest_purchases.run(lake, {})

    assert lake.version(tables.raw_purchases) == version


def test_a_row_without_a_price_is_quarantined_with_its_file(lake):
    rows = lake.read(tables.quarantine).collect()

    assert [(row["source"], row["reason"], row["detail"]) for row in rows] == [
        ("bronze.purchases", "bad_number", "purchase_amount=free")
    ]
