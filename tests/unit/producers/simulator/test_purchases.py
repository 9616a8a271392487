"""The history of purchases: one Parquet file, whole or not at all."""

from __future__ import annotations

import datetime as dt

import duckdb
import pytest
import typer
from typer.testing import CliRunner

from lakehouse.errors import TaskParameterError
from producers.simulator.items import items
from producers.simulator.purchases import History, write_purchases
from reclake import simulate

app = typer.Typer()
simulate.register(app)


def read(path) -> list[tuple]:
    return duckdb.read_parquet(str(path)).fetchall()


def test_the_file_has_the_columns_and_the_rows_that_were_asked_for(tmp_path):
    path = tmp_path / "new" / "p.parquet"

    write_purchases(History(), path)

    relation = duckdb.read_parquet(str(path))
    assert dict(zip(relation.columns, map(str, relation.types), strict=True)) == {
        "user_id": "VARCHAR",
        "item_id": "VARCHAR",
        "purchase_amount": "DOUBLE",
        "purchase_date": "DATE",
    }
    users, bought, amounts, days = zip(*relation.fetchall(), strict=True)
    assert len(users) == 500
    assert set(users) <= {f"user-{number:05d}" for number in range(1, 101)}
    assert set(bought) <= {f"item-{number:05d}" for number in range(1, 501)}
    assert all(10 <= amount <= 500 and amount == round(amount, 2) for amount in amounts)
    assert max(amounts) > 200
    assert dt.date(2023, 1, 1) <= min(days) < dt.date(2023, 1, 15)
    assert dt.date(2023, 12, 15) < max(days) <= dt.date(2023, 12, 31)
    assert [file.name for file in path.parent.iterdir()] == ["p.parquet"]


def test_the_same_history_is_the_same_bytes_and_another_seed_is_another(tmp_path):
    paths = [tmp_path / name for name in ("a", "b", "c")]
    for path, seed in zip(paths, (1, 1, 2), strict=True):
        write_purchases(History(seed=seed), path)

    first, again, other = (path.read_bytes() for path in paths)

    assert first == again != other


def test_what_is_paid_is_about_the_price_of_the_item_in_the_shop():
    bought, known = History(rows=300).bought(), items(42, 500)

    assert (abs(bought.amount / known.price[bought.item] - 1) <= 0.101).all()


@pytest.mark.parametrize("low", [5.0, 7.25])
def test_one_amount_and_one_day_are_a_range_too(low):
    bought = History(low=low, high=low, start=dt.date(2024, 2, 29), end=dt.date(2024, 2, 29)).bought()

    assert set(bought.amount.tolist()) == {low}
    assert {str(day) for day in bought.day} == {"2024-02-29"}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"rows": 0}, "from 1 on"),
        ({"low": 0}, "at least 0.01"),
        ({"low": 20, "high": 10}, "highest one"),
        ({"high": float("nan")}, "impossible"),
        ({"start": dt.date(2024, 1, 1)}, "lies after the last day"),
    ],
)
def test_impossible_arguments_are_refused(wrong, message):
    with pytest.raises(TaskParameterError, match=message):
        History(**wrong)


def test_a_place_that_cannot_be_written_is_named_and_nothing_is_left_behind(tmp_path):
    (tmp_path / "file").write_text("x")

    for place in (tmp_path / "file" / "p.parquet", tmp_path):
        with pytest.raises(TaskParameterError, match=r"cannot be written: .*--output"):
            write_purchases(History(), place)

    assert [file.name for file in tmp_path.iterdir()] == ["file"]
    assert not list(tmp_path.parent.glob(f".{tmp_path.name}.*"))


def test_the_command_writes_to_the_folder_of_incoming_purchases_and_says_what(tmp_path, monkeypatch):
    monkeypatch.setenv("RECLAKE_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "300")

    result = CliRunner().invoke(app, ["simulate", "purchases", "--seed", "7", "--rows", "1500", "--end", "2023-01-31"])

    assert result.exit_code == 0, result.output
    path = tmp_path / "incoming" / "purchases" / "purchases-7.parquet"
    assert len(read(path)) == 1_500
    assert all(word in result.output for word in ("1,500", "2023-01-01 to 2023-01-31", str(path)))


def test_the_command_takes_another_folder_or_file(tmp_path, monkeypatch):
    monkeypatch.setenv("PURCHASES_PATH", str(tmp_path / "drop"))

    assert CliRunner().invoke(app, ["simulate", "purchases"]).exit_code == 0
    assert CliRunner().invoke(app, ["simulate", "purchases", "--output", str(tmp_path / "own.parquet")]).exit_code == 0

    assert read(tmp_path / "drop" / "purchases-42.parquet") == read(tmp_path / "own.parquet")
