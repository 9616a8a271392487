"""Clean text from a publisher's transcript, whatever its format: SRT, VTT, JSON, HTML or plain text.

Everything here takes time linear in the text, because the text comes from strangers: the SRT and HTML parsers that are
usual in Python (pysubs2, html.parser) need minutes for a hostile megabyte.
"""

from __future__ import annotations

import codecs
import html
import json
import re
from collections.abc import Iterator
from typing import Any, Literal
from urllib.parse import urlsplit

from lxml import etree

from lakehouse.errors import TranscriptError

Format = Literal["srt", "vtt", "json", "html", "plain"]

_BY_SUBTYPE: dict[str, Format] = {
    "srt": "srt",
    "x-srt": "srt",
    "subrip": "srt",
    "x-subrip": "srt",
    "vtt": "vtt",
    "webvtt": "vtt",
    "json": "json",
    "html": "html",
    "xhtml+xml": "html",
}
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
# Codecs of Python that are no charsets of documents; some are quadratic.
_NO_CHARSETS = {"idna", "punycode", "undefined", "unicode_escape", "raw-unicode-escape", "utf-7"}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff\ufffe\uffff\ud800-\udfff]")
_CUE_TIMES = re.compile(r"\s{0,9}(?:\d{1,4}:)?\d{1,4}:\d{1,2}(?:[.,]\d{1,9})?\s{0,9}-->")
_LONE_TIME = re.compile(r"(?m)^[ \t]{0,9}\d{1,2}:\d\d(?::\d\d)?(?:[.,]\d{1,3})?[ \t]{0,9}$")
_BRACKETED_TIME = re.compile(r"[\[(]\d{1,2}:\d\d(?::\d\d)?(?:[.,]\d{1,3})?[\])]")
_STYLE_OVERRIDE = re.compile(r"\{\\[^{}\n]{0,80}\}")
_TAG_START = re.compile(r"<(?=[a-zA-Z/!?]|\d\d:\d\d)")
_HTML_START = re.compile(r"<(?:!doctype\s+html|html|head|body|div|p|span|article|section|main|meta|script|h1)\b", re.I)
_SILENT = ("script", "style", "head", "noscript", "template", "time", "svg", "nav", "form", "button")
_INLINE = {"a", "abbr", "b", "bdi", "bdo", "cite", "code", "em", "font", "i", "mark", "q", "s", "small", "span"} | {
    "strong",
    "sub",
    "sup",
    "u",
}
_LOOKED_AT = 2_000
_MOST_CONTROLS = 100
_ENDLESS_REFERENCE = re.compile(r"&#\d{9,}")


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
    said = {"srt": _cues, "vtt": _cues, "json": _segments, "html": _page, "plain": _unescaped}[form](plain)
    cleaned = _tidy(said)[:max_chars].rstrip()
    if not cleaned:
        raise TranscriptError(f"There are no words in it (read as {form}).")
    return cleaned


def _recognised(text: str, content_type: str | None, url: str) -> Format:
    subtype = (content_type or "").partition(";")[0].strip().lower().rpartition("/")[2]
    promised = _BY_SUBTYPE.get(subtype.rpartition("+")[2] if subtype.endswith("+json") else subtype)
    seen = _looks_like(text)
    expected = promised if promised not in (None, "html") else _by_ending(url)
    if seen == "html" and expected and expected != "html":
        raise TranscriptError(f"A web page came where {expected.upper()} was promised.")
    # A look finds what no server marks by mistake; only where it finds nothing does the promise decide.
    return seen if seen != "plain" else promised or "plain"


def _by_ending(url: str) -> Format | None:
    try:
        path = urlsplit(url).path
    except ValueError:
        return None
    return _BY_SUBTYPE.get(path.rpartition(".")[2].lower())


def _looks_like(text: str) -> Format:
    body = text.strip()
    start = body[:_LOOKED_AT]
    if start.startswith("WEBVTT"):
        return "vtt"
    if (start[:1], body[-1:]) in (("{", "}"), ("[", "]")):
        return "json"
    if any(_CUE_TIMES.match(line) for line in start.splitlines()):
        return "srt"
    if start.startswith("<") and _HTML_START.search(start):
        return "html"
    return "plain"


def _cues(text: str) -> str:
    """Keep the lines of cues: what follows a line of times, but for the number or name of the next cue."""
    lines = text.split("\n")
    said = []
    inside = False  # what stands before the first cue, notes and styles are not said
    for before, line, after in zip(["", *lines], lines, [*lines[1:], ""], strict=False):
        starts_block = not before.strip()
        if _CUE_TIMES.match(line):
            inside = True
        elif starts_block and line.split(" ")[0].strip() in ("NOTE", "STYLE", "REGION"):
            inside = False
        elif inside and not line.strip().isdigit() and not (starts_block and _CUE_TIMES.match(after)):
            said.append(line)
    return _unescaped(_STYLE_OVERRIDE.sub("", "\n".join(said)))


def _segments(text: str) -> str:
    """Join the bodies of the segments; Podcasting 2.0 says `body`, speech-to-text programs say `text`."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise TranscriptError("It looks like JSON and cannot be read as JSON.") from None
    segments = document.get("segments") if isinstance(document, dict) else document
    if not isinstance(segments, list):
        raise TranscriptError("It is JSON without a list `segments`.")
    return _unescaped("\n".join(_bodies(segments)))


def _bodies(segments: list[Any]) -> Iterator[str]:
    for segment in segments:
        body = segment.get("body", segment.get("text")) if isinstance(segment, dict) else None
        if isinstance(body, str):
            # Escaped control characters come out of JSON only here.
            yield _CONTROL.sub("", body)


def _page(text: str) -> str:
    """The text of a web page, a line per block; libxml2 bounds the depth of nesting by itself."""
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True)
    try:
        root = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError:
        root = None
    if root is None:
        return ""
    etree.strip_elements(root, *_SILENT, with_tail=False)
    for element in root.iter(etree.Element):
        if element.tag not in _INLINE:
            element.text = f"\n{element.text or ''}"
            element.tail = f"\n{element.tail or ''}"
    return "".join(root.itertext())


def _unescaped(text: str) -> str:
    # Python refuses to read numbers of thousands of digits.
    return html.unescape(_ENDLESS_REFERENCE.sub("", text))


def _tidy(text: str) -> str:
    without_tags = _without_tags(_BRACKETED_TIME.sub("", _CONTROL.sub("", text)))
    lines = (" ".join(line.split()) for line in _LONE_TIME.sub("", without_tags).split("\n"))
    return "\n".join(line for line in lines if line)


def _without_tags(text: str) -> str:
    """Remove what stands in tags; `3 < 4` and `I <3 you` are none.

    Cut at each `>`, a piece has at most one tag, its end: this is linear where a regular expression is not. The second
    round breaks what the first one has put together, such as `<b>` out of `<<i>b>`.
    """
    for filler in ("", " "):
        *closed, last = text.split(">")
        starts = (_TAG_START.search(piece) for piece in closed)
        kept = [
            piece[: start.start()] + filler if start else f"{piece}>"
            for piece, start in zip(closed, starts, strict=True)
        ]
        text = "".join([*kept, last])
    return text
