"""The language of a feed: declared, else recognised, else unknown."""

from __future__ import annotations

import pytest

from lakehouse.errors import SettingsError
from producers.podcasts.feeds import Feed
from producers.podcasts.languages import Languages, language_of

ENGLISH = "A weekly podcast about gardens: stories, questions and the people behind them."
GERMAN = "Gespräche über Musik, Konzerte und die Menschen, die sie machen."


@pytest.mark.parametrize(
    ("declared", "text", "language"),
    [
        ("en", GERMAN, "en"),
        ("EN", "", "en"),
        ("en-US", "", "en-us"),
        (" en_us ", "", "en-us"),
        ("de-AT", ENGLISH, "de-at"),
        ("", ENGLISH, "en"),
        (None, GERMAN, "de"),
        ("English", ENGLISH, "en"),
        ("eng", GERMAN, "de"),
        ("und", ENGLISH, "en"),
        ("en, de", GERMAN, "de"),
        ("", "", None),
        ("", "🎧🎧🎧", None),
        ("", "Tech", None),
        ("", "שיחות על מוזיקה ועל האנשים שעושים אותה", "he"),
    ],
)
def test_what_a_feed_declares_counts_before_what_it_is_written_in(declared, text, language):
    feed = Feed.model_validate({"id": 1, "title": "", "description": text, "language": declared})

    assert language_of(feed) == language


@pytest.mark.parametrize(
    ("wanted", "included", "left_out"),
    [
        ("en", ["en", "en-us"], ["de", "eno", None]),
        ("EN_us", ["en-us"], ["en", "en-gb", None]),
        ("de, fr,", ["de-at", "fr"], ["en", None]),
        ("en,any", ["en", "xh", None], []),
    ],
)
def test_a_language_includes_its_regions_and_any_includes_what_nobody_knows(wanted, included, left_out):
    languages = Languages.parse(wanted)

    assert all(languages.include(tag) for tag in included)
    assert not any(languages.include(tag) for tag in left_out)


@pytest.mark.parametrize("text", ["english", "e", "en us", ",", "en;de"])
def test_what_is_no_language_is_refused(text):
    with pytest.raises(SettingsError, match=r"Use tags such as en"):
        Languages.parse(text)
