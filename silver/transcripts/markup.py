"""Markup: texts without tags, and web pages as lines of text."""

from __future__ import annotations

import re

from lxml import etree

_TAG_START = re.compile(r"<(?=[a-zA-Z/!?]|\d\d:\d\d)")
_SILENT = ("script", "style", "head", "template", "time", "svg", "select", "datalist", "option")
_ASIDE = ("nav", "form", "button", "noscript")
"""What mostly stands beside the text; on some pages the text stands in it."""
_INLINE = {"a", "abbr", "b", "bdi", "bdo", "cite", "code", "em", "font", "i", "mark", "q", "s", "small", "span"} | {
    "strong",
    "sub",
    "sup",
    "u",
}


def page(text: str) -> str:
    """The text of a web page, a line per block; libxml2 bounds the depth of nesting by itself.

    What stands in a form, a menu or the like is left out, unless it is most of what the page says.
    """
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
    whole = "".join(root.itertext())
    etree.strip_elements(root, *_ASIDE, with_tail=False)
    outside = "".join(root.itertext())
    return outside if 2 * len(outside.split()) >= len(whole.split()) else whole


def without_tags(text: str) -> str:
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
