"""Clean text from a publisher's transcript, whatever its format: SRT, VTT, JSON, HTML or plain text.

Everything here takes time linear in the text, because the text comes from strangers: the SRT and HTML parsers that are
usual in Python (pysubs2, html.parser) need minutes for a hostile megabyte.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from lakehouse.entities import unescaped
from lakehouse.errors import TranscriptError
from lakehouse.transcripts import Format, format_of, format_of_address
from silver.transcripts import cues
from silver.transcripts.markup import page, without_tags
from silver.transcripts.stamps import without_stamps

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
# Codecs of Python that are no charsets of documents; some are quadratic.
_NO_CHARSETS = {"idna", "punycode", "undefined", "unicode_escape", "raw-unicode-escape", "utf-7"}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff\ufffe\uffff\ud800-\udfff]")
_HTML_START = re.compile(r"<(?:!doctype\s+html|html|head|body|div|p|span|article|section|main|meta|script|h1)\b", re.I)
_LOOKED_AT = 2_000
_MOST_CONTROLS = 100


def decoded(body: bytes, charset: str | None = None) -> str:
    """Turn bytes into text: by their byte order mark, the charset that was promised, UTF-8, and else Windows-1252."""
    for mark, marked in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(marked, errors="replace")
    for encoding in (charset, "utf-8"):
        try:
            if encoding and codecs.lookup(encoding).name not in _NO_CHARSETS:
                return body.decode(encoding)
        except (LookupError, ValueError):
            continue
    return body.decode("cp1252", errors="replace")


def clean_text(text: str, content_type: str | None = None, url: str = "", max_chars: int = 1_000_000) -> str:
    r"""Extract what is said from a transcript.

    Parameters
    ----------
    content_type : str, optional
        As the server named it; where it says nothing (`text/plain`, `application/octet-stream`), the text is looked at.
    url : str
        Where the text is from; its ending is a promise like the content type.
    max_chars : int
        The result is cut there.

    Returns
    -------
    str
        Lines of text without cue numbers, times, tags, scripts and control characters, entities decoded.

    Raises
    ------
    TranscriptError
        There are no words in it, or a web page came where another format was promised.

    Examples
    --------
    >>> clean_text("WEBVTT\n\n1\n00:01.000 --> 00:02.000\n<v Ann>Salt &amp; <i>pepper</i>", "text/vtt")
    'Salt & pepper'
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    if len(_CONTROL.findall(lines[:_LOOKED_AT])) > _MOST_CONTROLS:
        raise TranscriptError("It is not text.")
    plain = _CONTROL.sub("", lines)
    form = _recognised(plain, content_type, url)
    cleaned = _tidy(_SAID[form](plain))[:max_chars].rstrip()
    if not cleaned:
        raise TranscriptError(f"There are no words in it (read as {form}).")
    return cleaned


def _recognised(text: str, content_type: str | None, url: str) -> Format:
    promised = format_of(content_type)
    seen = _looks_like(text)
    # What serves files often knows no better than these.
    expected = promised if promised not in (None, "html", "plain") else format_of_address(url)
    if seen == "html" and expected not in (None, "html", "plain"):
        raise TranscriptError(f"A web page came where {expected.upper()} was promised.")
    # A look finds what no server marks by mistake; only where it finds nothing does the promise decide.
    return seen if seen != "plain" else promised or "plain"


def _looks_like(text: str) -> Format:
    body = text.strip()
    start = body[:_LOOKED_AT]
    if start.startswith("WEBVTT"):
        return "vtt"
    if (start[:1], body[-1:]) in (("{", "}"), ("[", "]")):
        return "json"
    if any(cues.is_times(line) for line in start.splitlines()):
        return "srt"
    if start.startswith("<") and _HTML_START.search(start):
        return "html"
    return "plain"


def _segments(text: str) -> str:
    """Join the bodies of the segments; Podcasting 2.0 says `body`, speech-to-text programs say `text`."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise TranscriptError("It looks like JSON and cannot be read as JSON.") from None
    segments = document.get("segments") if isinstance(document, dict) else document
    if not isinstance(segments, list):
        raise TranscriptError("It is JSON without a list `segments`.")
    return unescaped("\n".join(_bodies(segments)))


def _bodies(segments: list[Any]) -> Iterator[str]:
    for segment in segments:
        body = segment.get("body", segment.get("text")) if isinstance(segment, dict) else None
        if isinstance(body, str | int | float) and not isinstance(body, bool):
            # Escaped control characters come out of JSON only here.
            yield _CONTROL.sub("", str(body))


def _beside_times(text: str) -> str:
    return without_stamps(unescaped(text))


def _shown(text: str) -> str:
    return without_stamps(page(text))


_SAID: dict[Format, Callable[[str], str]] = {
    "srt": cues.said,
    "vtt": cues.said,
    "json": _segments,
    "html": _shown,
    "plain": _beside_times,
}


def _tidy(text: str) -> str:
    lines = (" ".join(line.split()) for line in without_tags(_CONTROL.sub("", text)).split("\n"))
    return "\n".join(line for line in lines if line)
