"""Times beside the text of plain transcripts and pages, and times that are said."""

from __future__ import annotations

import pytest

from silver.transcripts.formats import clean_text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[00:00:01.000 --> 00:00:02.000]  Salt\n[00:00:02.000 --> 00:00:04.500]  and pepper", "Salt\nand pepper"),
        ("[00:01.000 --> 00:02.000] Salt", "Salt"),
        ("[0.00s -> 4.50s] Salt", "Salt"),
        ("[00:01] Salt [00:02] and pepper", "Salt and pepper"),
        ("(00:01:02) Salt\n(0:04 - 0:06) and pepper", "Salt\nand pepper"),
        ("00:01:02 Ann: Salt", "Ann: Salt"),
        ("00:01:02 Salt", "Salt"),
        ("00:01:02.500 - Salt", "Salt"),
        ("1:02 Ann: Salt", "Ann: Salt"),
        ("Ann (00:12): Salt", "Ann: Salt"),
        ("Ann Lee 00:01:02\nSalt", "Ann Lee\nSalt"),
        ("Speaker 1  0:12\nSalt", "Speaker 1\nSalt"),
        ("Ann [00:12]:\nSalt", "Ann :\nSalt"),
        ("0:01 Salt\n0:05 and\n1:10 pepper", "Salt\nand\npepper"),
        ("00:00:01\nSalt\n00:02 - 00:05\nand pepper", "Salt\nand pepper"),
    ],
)
@pytest.mark.parametrize("form", ["text/plain", "text/html"])
def test_times_beside_the_text_are_no_part_of_it(text, said, form):
    shown = text if form == "text/plain" else f"<html><body><p>{text.replace(chr(10), '<br>')}</p></body></html>"

    assert clean_text(shown, form).replace("Ann :", "Ann:") == said.replace("Ann :", "Ann:")


@pytest.mark.parametrize(
    "text",
    [
        "We met at 10:30, and left at 12:45.",
        "It begins (12:30) and ends late.",
        "10:30 was early for us.\nStill we went.\nIt was fine.",
        "10:30:00 pm is late",
        "Read Mark 4:12 and 5:1 to 5:20",
        "The score was 3:2 in the end",
        "A ratio of 16:9\nfits",
        "We said 10:30: that was wrong",
        "Line [3] of [a:b]",
    ],
)
def test_times_that_somebody_says_stay(text):
    assert clean_text(text, "text/plain") == text
