"""Encodings of texts: what the first bytes of a file say of theirs."""

from __future__ import annotations

import codecs

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    # Before UTF-16, whose mark it begins with.
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def marked(head: bytes) -> str | None:
    """The encoding that a byte order mark tells; none without a mark.

    Examples
    --------
    >>> marked("u1".encode("utf-16")), marked("u1".encode("utf-8-sig")), marked(b"u1")
    ('utf-16', 'utf-8-sig', None)
    """
    return next((encoding for mark, encoding in _MARKS.items() if head.startswith(mark)), None)
