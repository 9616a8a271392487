"""Transcripts of the demo: what is said in an episode, in the formats in which publishers offer it."""

from __future__ import annotations

import html
import json
import random
from collections.abc import Callable
from typing import NamedTuple

SECONDS_PER_WORD = 0.4
SPEAKERS = ("Host", "Guest")


class Format(NamedTuple):
    """How a transcript is written, and what its publisher calls that."""

    extension: str
    content_type: str
    write: Callable[[list[str]], str]


def spoken(sentences: tuple[str, ...], words: tuple[str, ...], count: int, seed: str) -> list[str]:
    """Make up what is said about `words`; the same for the same `seed`.

    Parameters
    ----------
    sentences : tuple of str
        Templates with places `{0}` and `{1}` for words; each is used before one is used again.
    words : tuple of str
        At least two different ones; who is in it twice is mentioned twice as often.
    count : int
        How many sentences.
    """
    chance = random.Random(seed)  # noqa: S311, nothing depends on it
    templates: list[str] = []
    while len(templates) < count:
        templates += chance.sample(sentences, min(len(sentences), count - len(templates)))
    return [template.format(*_two(words, chance)) for template in templates]


def _two(words: tuple[str, ...], chance: random.Random) -> tuple[str, str]:
    first = chance.choice(words)
    return first, chance.choice([word for word in words if word != first])


def _srt(sentences: list[str]) -> str:
    cues = enumerate(_timed(sentences), 1)
    return "".join(
        f"{number}\n{_clock(start, ',')} --> {_clock(end, ',')}\n{text}\n\n" for number, (start, end, text) in cues
    )


def _vtt(sentences: list[str]) -> str:
    cues = (
        f"{_clock(start, '.')} --> {_clock(end, '.')}\n<v {_speaker(number)}>{html.escape(text, quote=False)}\n"
        for number, (start, end, text) in enumerate(_timed(sentences))
    )
    return "\n".join(["WEBVTT\n", *cues])


def _json(sentences: list[str]) -> str:
    segments = [
        {"speaker": _speaker(number), "startTime": start, "endTime": end, "body": text}
        for number, (start, end, text) in enumerate(_timed(sentences))
    ]
    return json.dumps({"version": "1.0.0", "segments": segments}, ensure_ascii=False, indent=1)


def _html(sentences: list[str]) -> str:
    paragraphs = (
        f"<cite>{_speaker(number)}:</cite>\n<time>{int(start) // 60}:{int(start) % 60:02d}</time>\n"
        f"<p>{html.escape(text)}</p>\n"
        for number, (start, _, text) in enumerate(_timed(sentences))
    )
    return "".join(paragraphs)


def _plain(sentences: list[str]) -> str:
    return "\n".join(sentences) + "\n"


FORMATS = (
    Format("srt", "application/srt", _srt),
    Format("vtt", "text/vtt", _vtt),
    Format("json", "application/json", _json),
    Format("html", "text/html", _html),
    Format("txt", "text/plain", _plain),
)


def _timed(sentences: list[str]) -> list[tuple[float, float, str]]:
    start, cues = 0.0, []
    for text in sentences:
        end = round(start + len(text.split()) * SECONDS_PER_WORD, 1)
        cues.append((start, end, text))
        start = end
    return cues


def _clock(seconds: float, decimal: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}{decimal}{rest % 1000:03d}"


def _speaker(number: int) -> str:
    return SPEAKERS[number % len(SPEAKERS)]
