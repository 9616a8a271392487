"""What cues say: numbers that are said, numbers that are not, and captions that roll."""

from __future__ import annotations

import pytest

from lakehouse.errors import TranscriptError
from silver.transcripts.formats import clean_text


def srt(*texts, numbered=True, between="\n", first=1, seconds=2.0, gap=0.5):
    """A file of cues that last `seconds`, with pauses of `gap` between them."""
    parts = []
    for at, text in enumerate(texts):
        begin = at * (seconds + gap)
        number = f"{first + at}\n" if numbered else ""
        parts.append(f"{number}{clock(begin)} --> {clock(begin + seconds)}\n{text}\n")
    return between.join(parts)


def clock(seconds):
    return f"00:{int(seconds) // 60:02}:{int(seconds) % 60:02},{round(seconds % 1 * 1000):03}"


YEARS = ("1984", "2", "1 2\n3", "10:30", "007")
SAID = "1984\n2\n1 2\n3\n10:30\n007"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(srt(*YEARS), id="SRT"),
        pytest.param(srt(*YEARS, first=0), id="counted from 0"),
        pytest.param(srt(*YEARS, first=1983), id="a number that is the next one's"),
        pytest.param(srt(*YEARS, numbered=False), id="without numbers"),
        pytest.param(srt(*YEARS, between=""), id="without empty lines"),
        pytest.param(srt(*YEARS).replace("\n", "\n\n"), id="with empty lines everywhere"),
        pytest.param(srt(*YEARS).replace("\n", "\r\n"), id="of Windows"),
        pytest.param("WEBVTT\n\n" + srt(*YEARS).replace(",", "."), id="VTT with numbers for names"),
        pytest.param("WEBVTT\n\n" + srt(*YEARS, numbered=False).replace(",", "."), id="VTT"),
        pytest.param(srt(*YEARS) + "\n6\n", id="cut off behind a number"),
    ],
)
def test_a_cue_that_is_a_number_is_said_and_the_number_of_a_cue_is_not(text):
    assert clean_text(text) == SAID


def test_a_file_of_numbers_of_cues_alone_has_no_words():
    with pytest.raises(TranscriptError, match="no words"):
        clean_text(srt("", "", ""), "text/srt")


YOUTUBE = """WEBVTT
Kind: captions
Language: en

00:00:00.320 --> 00:00:02.470 align:start position:0%
 
so<00:00:00.560><c> this</c><00:00:00.719><c> is</c><00:00:00.960><c> salt</c>

00:00:02.470 --> 00:00:02.480 align:start position:0%
so this is salt
 

00:00:02.480 --> 00:00:04.309 align:start position:0%
so this is salt
and<00:00:02.720><c> no</c><00:00:02.879><c> no</c>

00:00:04.309 --> 00:00:04.319 align:start position:0%
and no no
 

00:00:04.319 --> 00:00:06.230 align:start position:0%
and no no
no<00:00:04.560><c> pepper</c>

00:00:09.000 --> 00:00:11.000 align:start position:0%
no pepper
"""  # noqa: W293 - as YouTube writes it


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(YOUTUBE, "so this is salt\nand no no\nno pepper\nno pepper", id="YouTube, and said again later"),
        pytest.param(
            srt("one two", "one two\nthree", "three\nfour", gap=0), "one two\nthree\nfour", id="converted to SRT"
        ),
        pytest.param(
            srt("a b\nc d\ne f", "c d\ne f\ng h", "e f\ng h\ni j", gap=0), "a b\nc d\ne f\ng h\ni j", id="three lines"
        ),
        pytest.param(srt("salt", "salt and", "salt and pepper", gap=0), "salt\nand\npepper", id="word by word"),
        pytest.param(
            srt("this is what we do", "is what we do and why", "we do and why not", gap=0),
            "this is what we do\nand why\nnot",
            id="the end of a line",
        ),
    ],
)
def test_captions_that_roll_say_each_line_once(text, said):
    assert clean_text(text) == said


@pytest.mark.parametrize(
    "texts",
    [
        ("No.", "No.", "No."),
        ("Yes.", "Yes. And you?", "I see.", "Well.", "Go on.", "Then?"),
        ("la la la", "la la la", "la la"),
    ],
)
def test_what_people_say_twice_stays(texts):
    for gap in (0, 0.5):
        assert clean_text(srt(*texts, gap=gap)) == "\n".join(texts)


def test_a_megabyte_of_captions_that_nearly_roll_takes_linear_time():
    assert clean_text(srt(*["a " * 90_000] * 5 + ["b"], gap=0)).endswith("b")
