"""Clean text from publishers' transcripts."""

from __future__ import annotations

import json
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse.errors import TranscriptError
from silver.transcripts.formats import clean_text, decoded

SRT = """1
00:00:01,000 --> 00:00:02,500
<i>Salt</i> &amp; {\\an8}pepper

2
00:00:03,000 --> 00:00:04,000
3 < 4, and I <3 you
"""
VTT = """WEBVTT - an episode
Kind: captions

NOTE
nobody says this

STYLE
::cue { color: red }

intro
00:01.000 --> 00:02.000 align:start
<v Ann>Salt <c.red>&amp;</c> <00:01.500>pepper

00:03.000 --> 00:04.000
Good bye.
"""
JSON = json.dumps(
    {"version": "1.0.0", "segments": [{"speaker": "Ann", "startTime": 0.5, "body": "Salt"}, {"body": "&amp; pepper"}]}
)
HTML = """<!DOCTYPE html><html><head><title>Player</title><script>track()</script></head><body>
<nav>Home</nav><cite>Ann:</cite><time>0:01</time><p>Sa<b>l</b>t &amp; <!-- no --> pepper<br>Good bye.</p>
<style>p {}</style><p dir="rtl">سمك 🎙️</p></body></html>"""


@pytest.mark.parametrize(
    ("text", "content_type", "expected"),
    [
        (SRT, "application/x-subrip", "Salt & pepper\n3 < 4, and I <3 you"),
        (VTT, "text/vtt; charset=utf-8", "Salt & pepper\nGood bye."),
        (JSON, "application/json", "Salt\n& pepper"),
        (HTML, "text/html", "Ann:\nSalt & pepper\nGood bye.\nسمك 🎙️"),
        ("Salt &amp; pepper\n\n[00:01] Good bye.\n00:00:02\n", "text/plain", "Salt & pepper\nGood bye."),
    ],
)
@pytest.mark.parametrize("says_so", [True, False])
def test_each_format_gives_its_words_also_when_the_server_does_not_say_which_it_is(
    text, content_type, expected, says_so
):
    assert clean_text(text, content_type if says_so else "application/octet-stream") == expected


def test_line_ends_of_windows_and_empty_lines_between_all_lines_do_no_harm():
    assert clean_text(SRT.replace("\n", "\r\n"), "text/srt") == clean_text(SRT)
    assert clean_text(SRT.replace("\n", "\n\n"), "text/srt") == clean_text(SRT)


def test_a_segment_that_is_a_number_is_said():
    assert clean_text('[{"body": 1984}, {"body": "10:30"}, {"body": true}]', "application/json") == "1984\n10:30"


@pytest.mark.parametrize("segments", [[{"text": "Salt"}, 7, {"body": None}, {"body": "\ud800\u0000 pepper"}]])
def test_segments_of_other_programs_and_odd_ones_are_read(segments):
    assert clean_text(json.dumps(segments), "application/json") == "Salt\npepper"


@pytest.mark.parametrize(
    ("content_type", "url"),
    [
        ("application/json", ""),
        ("text/vtt", ""),
        ("text/html", "https://x.org/t.json?a=b"),
        ("text/plain", "https://x/t.srt"),
    ],
)
def test_a_web_page_in_place_of_another_format_is_refused(content_type, url):
    with pytest.raises(TranscriptError, match=r"A web page came where (JSON|VTT|SRT) was promised"):
        clean_text(HTML, content_type, url)


@pytest.mark.parametrize(
    ("text", "content_type", "reason"),
    [
        ("", None, "no words"),
        (" \n\x00", "text/plain", "no words"),
        ('{"error": "gone"}', "application/json", "without a list"),
        ("not found", "application/json", "cannot be read as JSON"),
        ("[" * 100_000 + "]", "application/json", "cannot be read as JSON"),
        ("not found", "text/vtt", "no words"),
        ("<html><script>1</script></html>", "text/html", "no words"),
        ("\x00\x01" * 500, "application/octet-stream", "not text"),
    ],
)
def test_what_has_no_words_is_refused_with_its_reason(text, content_type, reason):
    with pytest.raises(TranscriptError, match=reason):
        clean_text(text, content_type)


@pytest.mark.parametrize("around", ["form", "noscript", "nav", "button"])
def test_the_text_of_a_page_counts_wherever_it_stands_and_what_stands_beside_it_does_not(around):
    said = "<p>Salt and pepper.</p><p>Good bye.</p>"

    assert (
        clean_text(f"<html><body>Ann:<{around}>{said}</{around}></body></html>") == "Ann:\nSalt and pepper.\nGood bye."
    )
    assert clean_text(f"<html><body>{said}<{around}>Search</{around}></body></html>") == "Salt and pepper.\nGood bye."


@pytest.mark.parametrize(
    ("content_type", "url"),
    [
        ("Application/SRT; charset=utf-8", ""),
        ("text/vtt, text/vtt", ""),
        ("text/plain; charset=utf-8", "https://x/t.SRT"),
    ],
)
def test_a_content_type_counts_however_it_is_written(content_type, url):
    with pytest.raises(TranscriptError, match="was promised"):
        clean_text(HTML, content_type, url)


def test_a_long_text_is_cut():
    assert len(clean_text("word " * 100_000, max_chars=1_000)) <= 1_000


@pytest.mark.parametrize(
    "hostile",
    [
        "<a",
        "<",
        "<div>",
        "<!--",
        "<script>",
        "{\\",
        "&#",
        "&#9",
        "[0:0",
        "1\n",
        "\n",
        "9",
        "<![CDATA[",
        ">",
        " ",
        "-->",
        "0:00 ",
        "\n0:00",
        "Ann ",
        "A\t(0:00",
        "0:00 - ",
        "\n\n1\n\n00:00 --> 00:01\n\na",
    ],
)
@pytest.mark.parametrize("content_type", ["text/srt", "text/html", "text/plain"])
def test_a_hostile_megabyte_takes_no_longer_than_a_good_one(hostile, content_type):
    started = time.process_time()

    for text in (hostile * (500_000 // len(hostile)), "00:00:01,000 --> 00:00:02,000\n" + hostile * 50_000):
        try:
            clean_text(text, content_type)
        except TranscriptError:
            continue

    assert time.process_time() - started < 5


MARKUP = re.compile(r"<[a-zA-Z/!?][^>]*>")
PIECES = st.sampled_from(
    [
        *SRT.splitlines(),
        *VTT.splitlines(),
        *HTML.splitlines(),
        "<",
        ">",
        "&lt;",
        "b",
        "<[00:01]",
        "&#0;",
        "&#99999999999;",
        "WEBVTT",
        '{"segments": [{"body": "',
        '"}]}',
        "<svg/onload=x>",
        "\ud800",
        "\x1b[2J",
        "\ufeff",
        "<?php",
        "<html>",
    ]
)
TEXTS = st.one_of(st.text(), st.lists(PIECES).map("".join), st.lists(PIECES).map("\n".join))


@settings(max_examples=400)
@given(text=TEXTS, content_type=st.sampled_from([None, "text/srt", "text/vtt", "text/html", "application/json", "x/"]))
def test_arbitrary_text_leaves_no_markup_and_no_control_characters(text, content_type):
    try:
        cleaned = clean_text(text, content_type)
    except TranscriptError:
        return
    assert not MARKUP.search(cleaned)
    assert cleaned.encode()
    assert all(c == "\n" or ord(c) >= 32 for c in cleaned)


@given(body=st.binary(), charset=st.one_of(st.none(), st.text(max_size=8), st.sampled_from(["utf-16", "zip", "idna"])))
def test_any_bytes_in_any_charset_become_text(body, charset):
    assert isinstance(decoded(body, charset), str)


def test_charsets_are_believed_and_else_found():
    assert decoded("Grüße".encode("latin-1"), "iso-8859-1") == "Grüße"
    assert decoded("Grüße".encode(), "no-such-charset") == "Grüße"
    assert decoded("Grüße".encode("cp1252")) == "Grüße"
    assert decoded("Grüße".encode("utf-16")) == "Grüße"
