"""Formats of transcripts: what a content type, or the ending of an address, promises."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import urlsplit

Format = Literal["srt", "vtt", "json", "html", "plain"]

_BY_SUBTYPE: dict[str, Format] = {
    "srt": "srt",
    "x-srt": "srt",
    "subrip": "srt",
    "x-subrip": "srt",
    "vtt": "vtt",
    "x-vtt": "vtt",
    "webvtt": "vtt",
    "json": "json",
    "html": "html",
    "xhtml": "html",
    "xhtml+xml": "html",
    "htm": "html",
    "plain": "plain",
    "txt": "plain",
}


def media_type(content_type: str | None) -> str:
    """The type of a content type, without parameters, in lower case; of several in one header the first.

    Examples
    --------
    >>> media_type(" Application/SRT ; charset=utf-8"), media_type("text/vtt, text/vtt"), media_type(None)
    ('application/srt', 'text/vtt', '')
    """
    # A type is made of tokens, in which neither sign can stand.
    return re.split("[;,]", content_type or "", maxsplit=1)[0].strip().lower()


def format_of(content_type: str | None) -> Format | None:
    """The format that a content type promises; none where it says nothing.

    Examples
    --------
    >>> [format_of(one) for one in ("application/SRT; charset=utf-8", "application/ld+json", "srt", "audio/mpeg")]
    ['srt', 'json', 'srt', None]
    """
    subtype = media_type(content_type).rpartition("/")[2]
    return "json" if subtype.endswith("+json") else _BY_SUBTYPE.get(subtype)


def format_of_address(url: str) -> Format | None:
    """The format that the ending of an address promises; none where it says nothing.

    Examples
    --------
    >>> format_of_address("https://example.com/a.SRT?key=1"), format_of_address("https://example.com/a")
    ('srt', None)
    """
    try:
        path = urlsplit(url).path
    except ValueError:
        return None
    return _BY_SUBTYPE.get(path.rpartition(".")[2].lower())
