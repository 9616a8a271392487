"""The quality pages as a browser sees them, which may have no way out."""

import datetime as dt
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest

from lakehouse import tables
from lakehouse.quality.checking import Check, Outcome
from lakehouse.quality.expectation import between, in_set, not_null, warning
from lakehouse.quality.pages import data_docs_index, publish
from lakehouse.settings import Settings

AT = dt.datetime(2024, 1, 2, 3, 4, tzinfo=dt.UTC)
HELD = Outcome(not_null("user_id"), True, "")
BROKEN = Outcome(in_set("event", "like", "<b>"), False, "1 of 2 rows")
WARNED = Outcome(warning(between("rating", 0.5, 5)), False, "<script>alert(1)</script>")


class Seen(HTMLParser):
    """The rows of tables as texts, and everything that a browser would follow or fetch."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.addresses, self.tags = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.addresses += [value for name, value in attributes if name in ("href", "src", "srcset", "action")]
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data):
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data.strip()


def check(table, *outcomes, version=3):
    return Check(SimpleNamespace(name=str(table), version=version), 2_000, outcomes)


@pytest.fixture
def settings(tmp_path):
    return Settings(reclake_home=tmp_path / "100% #1 %20 [x] ü")


def test_the_index_lists_the_newest_check_of_each_table_the_worst_first(settings):
    publish(settings, [check(tables.user_events, BROKEN), check(tables.episodes, HELD, WARNED)], AT)
    publish(settings, [check(tables.als_top_n, HELD, BROKEN), check(tables.user_events, HELD, version=4)], AT)

    index = Seen(data_docs_index(settings).read_text())

    assert index.rows[1:] == [
        ["failed", "gold.als_top_n", "1 of 2", "2,000", "3", "2024-01-02 03:04"],
        ["warning", "silver.episodes", "1 of 2", "2,000", "3", "2024-01-02 03:04"],
        ["passed", "silver.user_events", "1 of 1", "2,000", "4", "2024-01-02 03:04"],
    ]


def test_each_table_has_a_page_with_what_did_not_hold_first(settings):
    publish(settings, [check(tables.user_events, HELD, WARNED, BROKEN)], AT)
    index = data_docs_index(settings)
    (address,) = Seen(index.read_text()).addresses

    page = Seen((index.parent / address).read_text())

    assert page.rows[1:] == [
        [
            "failed",
            "expect_column_values_to_be_in_set(column=event, value_set=['like', '<b>'])",
            "critical",
            "1 of 2 rows",
        ],
        [
            "warning",
            "expect_column_values_to_be_between(column=rating, min_value=0.5, max_value=5)",
            "warning",
            "<script>alert(1)</script>",
        ],
        ["passed", "expect_column_values_to_not_be_null(column=user_id)", "critical", ""],
    ]
    assert page.addresses == ["../index.html"]


def test_pages_fetch_nothing_and_run_nothing(settings):
    publish(settings, [check(tables.user_events, BROKEN, WARNED)], AT)

    for file in data_docs_index(settings).parent.rglob("*.html"):
        text = file.read_text()
        assert not {"script", "link", "img", "iframe"} & set(Seen(text).tags)
        assert not [way_out for way_out in ("//", "url(", "@import") if way_out in text]
