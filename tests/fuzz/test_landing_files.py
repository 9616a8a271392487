"""Landing files of strangers: whatever bytes come, each line is kept as it is, or the file is refused in a sentence."""

from __future__ import annotations

import codecs
import io
from unittest.mock import patch

from hypothesis import example, given
from hypothesis import strategies as st

from bronze import json_lines
from lakehouse.errors import InputFileError

LONG_AGO = 0.0
TOKENS = (b"\n", b"\r", b"\r\n", b"{}", b'{"a": "\xc3\xbc"}', b"\xff", b"\0", b" ", codecs.BOM_UTF8, b"x" * 40)
MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE, b'{\0"\0', b'\0{\0"')

contents = st.lists(st.sampled_from(TOKENS) | st.binary(max_size=9), max_size=40).map(b"".join)


def read(content: bytes, piece: int) -> dict[int, bytes]:
    with patch.object(json_lines, "_PIECE", piece):
        found = list(json_lines.pieces(io.BytesIO(content), LONG_AGO))
    return {n: v for numbers, values in found for n, v in zip(numbers.to_pylist(), values.to_pylist(), strict=True)}


@given(contents, st.integers(min_value=4, max_value=64))
@example(b"\r", 4)
@example(codecs.BOM_UTF8, 4)
def test_the_lines_are_those_that_a_split_gives_whatever_the_pieces(content, piece):
    if not content or content.startswith(MARKS):
        return
    whole = content.removeprefix(codecs.BOM_UTF8)
    wanted = {n: line.removesuffix(b"\r") for n, line in enumerate(whole.split(b"\n"), 1)}

    assert read(content, piece) == {n: line for n, line in wanted.items() if line}


@given(st.sampled_from(MARKS), contents, st.integers(min_value=4, max_value=64))
def test_other_encodings_are_read_or_refused_and_nothing_else(mark, content, piece):
    try:
        found = read(mark + content, piece)
    except InputFileError:
        return
    assert all(value.decode() for value in found.values())


@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(["utf-16", "utf-32", "utf-8-sig"]))
def test_a_text_says_the_same_in_each_encoding(text, encoding):
    if text.startswith("\ufeff") or not text:
        return

    assert read(text.encode(encoding), 5) == read(codecs.BOM_UTF8 + text.encode(), 64)
