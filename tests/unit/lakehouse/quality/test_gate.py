"""Quality gates on real tables with the real Great Expectations."""

import datetime as dt
import re
import subprocess
import sys
from dataclasses import replace

import pytest

from lakehouse import tables
from lakehouse.errors import QualityGateError, TaskParameterError
from lakehouse.quality.expectation import Suite, between, not_empty
from lakehouse.quality.gate import check_quality, data_docs_index
from lakehouse.quality.suites import gates, suites
from lakehouse.settings import Settings

DAY = dt.date(2024, 5, 1)
TS = dt.datetime(2024, 5, 1, 10)
ALL_SUITES = [suite for gate in gates() for suite in suites(gate, Settings())]


def event(event_id="e1", event="like", rating=None):
    return (event_id, DAY, TS, "u1", "ep1", event, "ios", None, rating)


def write(lake, table, *rows):
    """Append, as a merge that went wrong would."""
    written = lake.spark.createDataFrame(list(rows), table.schema)
    written.write.format("delta").mode("append").saveAsTable(lake.name(table))


def results(lake):
    rows = lake.read(tables.quality_results).collect()
    return {(row["run_id"], row["expectation"]): row for row in rows}, len(rows)


def check(lake, layer):
    check_quality.run(lake, {"layer": layer})


def progress(lake):
    return lake.progress.of("quality")


def pages(lake):
    """The pages; every folder beside them holds something."""
    folder = data_docs_index(lake.settings).parent
    assert all(any(path.iterdir()) for path in folder.rglob("*") if path.is_dir())
    return list(folder.glob("validations/**/*.html"))


@pytest.mark.parametrize("suite", ALL_SUITES, ids=lambda suite: suite.name)
def test_a_suite_names_columns_of_its_table(suite):
    known = {*suite.table.schema.names, *suite.derived, "share_of_records"}
    without_texts = [re.sub("'.*?'", "", sql) for sql in suite.derived.values()]
    in_sql = {word for sql in without_texts for word in re.findall(r"\b[a-z_]+\b(?!\()", sql)}

    assert {e.kwargs["column"] for e in suite.expectations if "column" in e.kwargs} <= known
    assert in_sql <= set(suite.table.schema.names)
    assert set(suite.touched_by) <= set(suite.table.schema.names)
    assert len(set(map(str, suite.expectations))) == len(suite.expectations)


def test_a_layer_without_a_gate_is_refused_with_the_layers_that_have_one(lake):
    with pytest.raises(TaskParameterError, match=r"'platinum'.*bronze, churn, gold, recommend, shop_bronze, shop_gold"):
        check(lake, "platinum")


def test_good_rows_pass_are_recorded_and_have_a_page(lake):
    write(lake, tables.user_events, event("e1"), event("e2", "rate", rating=4.5))

    check(lake, "silver")

    found, _ = results(lake)
    assert all(row["passed"] and row["num_rows"] == 2 and row["observed"] == "" for row in found.values())
    assert {run for run, _ in found} == {"silver.user_events@1"}
    (page,) = pages(lake)
    assert "silver.user_events" in data_docs_index(lake.settings).read_text()
    assert "silver.user_events" in page.read_text()


def test_a_critical_failure_stops_and_is_checked_again_until_it_is_corrected(lake):
    write(lake, tables.user_events, event("e1", "dance"), event("e2"))
    write(lake, tables.episodes, *[("ep1", "title", *[None] * 8, TS, True, TS, 1)])

    for _ in range(2):
        with pytest.raises(QualityGateError, match=r"silver\.user_events version 1 broke.*column=event.*: 1 of 2 rows"):
            check(lake, "silver")

    found, count = results(lake)
    assert count == len(found)
    assert progress(lake) == {"silver.episodes": 1}
    broken = [row for row in found.values() if not row["passed"] and row["severity"] == "critical"]
    assert [row["observed"] for row in broken] == ["1 of 2 rows"]

    lake.spark.sql(f"UPDATE {lake.name(tables.user_events)} SET event = 'like'")
    check(lake, "silver")
    assert progress(lake)["silver.user_events"] == 2
    assert len(pages(lake)) == 2


def test_the_sentence_names_every_table_that_failed_and_the_pages(lake):
    write(lake, tables.user_ids, ("u1", 0), ("u2", 0))
    write(lake, tables.item_ids, ("ep1", -1))

    with pytest.raises(QualityGateError) as caught:
        check(lake, "gold")

    for part in ("gold.user_ids", "rows_of_idx", "2 of 2 rows", "gold.item_ids", str(data_docs_index(lake.settings))):
        assert part in str(caught.value)


def test_only_the_rows_that_stand_where_something_changed_are_checked(lake, spark):
    write(lake, tables.user_events, event("e1"), event("e2"), event("e3"))
    check(lake, "silver")
    write(lake, tables.user_events, event("e1"))
    for device in ("web", "tv"):
        spark.sql(f"UPDATE {lake.name(tables.user_events)} SET device = '{device}' WHERE event_id = 'e2'")

    with pytest.raises(QualityGateError, match=r"rows_of_key.*: 2 of 3 rows"):
        check(lake, "silver")


def test_many_quarantined_records_are_a_warning_that_says_their_share(lake):
    received = [("user-events", 0, n, None, b"oops", None, TS, TS) for n in range(10)]
    bad = [("bronze.user_events", f"user-events/0/{n}", b"<b>oops", "not_json", "", TS) for n in range(2)]
    write(lake, tables.raw_user_events, *received)
    write(lake, tables.quarantine, *bad)

    check(lake, "silver")

    found, _ = results(lake)
    assert [row["observed"] for row in found.values() if not row["passed"]] == ["0.2"]
    # The shop's gate looks at it by itself.
    assert lake.progress.of("quality_listening") == {"silver.quarantine": 1}
    assert lake.progress.of("quality_shop") == {}


def test_recommendations_of_two_models_or_without_a_score_are_stopped(lake):
    nan = float("nan")
    write(
        lake,
        tables.als_top_n,
        ("u1", "ep1", 0.5, 1, "popular", None, "7", TS),
        ("u1", "ep2", nan, 2, "popular", None, "8", TS),
    )

    with pytest.raises(QualityGateError) as caught:
        check(lake, "gold")

    assert "als_score, min_value=-100, max_value=100): 1 of 2 rows" in str(caught.value)
    assert "model_version, min_value=1, max_value=1): 2" in str(caught.value)


def test_a_page_shows_no_text_from_the_data(lake):
    write(lake, tables.user_events, event("<script>alert(2)</script>", "<script>alert(1)</script>"))

    with pytest.raises(QualityGateError):
        check(lake, "silver")

    (page,) = pages(lake)
    assert "alert(" not in page.read_text()


def test_what_cannot_be_evaluated_has_failed_and_its_exception_is_on_no_page(lake, monkeypatch):
    absent = replace(between("idx", 0), kwargs={"column": "absent", "min_value": 0})
    suite = Suite(tables.user_ids, (not_empty(), absent), scope="inserted")
    monkeypatch.setattr("lakehouse.quality.gate.suites", lambda layer, settings: [suite])
    write(lake, tables.user_ids, ("u1", 0))

    with pytest.raises(QualityGateError, match="could not be evaluated"):
        check(lake, "gold")

    (page,) = pages(lake)
    assert "Traceback" not in page.read_text()
    assert "does not exist" not in page.read_text()


def test_without_news_nothing_is_checked_again(lake, monkeypatch):
    records = [("user-events", 0, n, b"u1", b"{}", None, TS, TS) for n in range(3)]
    write(lake, tables.raw_user_events, *records)
    check(lake, "bronze")
    before, _ = results(lake)
    assert all(row["passed"] for row in before.values())
    # An import from here on would fail.
    monkeypatch.setitem(sys.modules, "great_expectations", None)
    monkeypatch.delitem(sys.modules, "lakehouse.quality.checking")

    check(lake, "bronze")

    assert results(lake)[0] == before


def test_the_gate_itself_does_not_import_great_expectations():
    code = "import sys, lakehouse.quality.gate; sys.exit('great_expectations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
