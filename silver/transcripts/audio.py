"""Audio files as samples that a speech model can hear."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from lakehouse.errors import TranscriptError

if TYPE_CHECKING:
    from av import AudioFrame, AudioResampler
    from numpy.typing import NDArray

RATE = 16_000
"""Samples per second, as Whisper was trained on."""

_WHITELISTS = {
    # A playlist names other files and addresses, which FFmpeg would open: only formats that hold the sound themselves.
    "format_whitelist": "aac,aiff,asf,caf,flac,matroska,webm,mov,mp4,m4a,mp3,ogg,wav",
    "protocol_whitelist": "none",
}


def samples(file: IO[bytes], max_seconds: float) -> NDArray[np.float32]:
    """Decode the first audio stream to mono float32 in [-1, 1], `RATE` samples a second.

    Raises
    ------
    TranscriptError
        It is no audio file, it is damaged from its start, or it plays longer than `max_seconds`.
    """
    blocks: list[NDArray[Any]] = []
    heard = 0
    for block in _decoded(file):
        blocks.append(block)
        heard += len(block)
        if heard > max_seconds * RATE:
            raise TranscriptError(f"The audio plays longer than {max_seconds:,.0f} s, which is AUDIO_MAX_SECONDS.")
    if not heard:
        raise TranscriptError("No sound could be decoded from the file.")
    return np.concatenate(blocks).astype(np.float32) / np.float32(32_768)


def _decoded(file: IO[bytes]) -> Iterator[NDArray[Any]]:
    """Blocks of 16-bit samples; what is damaged is left out."""
    import av

    try:
        with av.open(file, mode="r", options=_WHITELISTS, metadata_errors="ignore") as container:
            if not container.streams.audio:
                raise TranscriptError("There is no sound in the file.")
            resampling = _Resampling()
            for packet in container.demux(audio=0):
                # One damaged packet: the next one may be whole again.
                with suppress(av.InvalidDataError):
                    for frame in packet.decode():
                        yield from resampling.of(frame)
            yield from resampling.rest()
    except (av.FFmpegError, ValueError) as error:
        # Without FFmpeg's name for the file, which has none.
        reason = error.strerror if isinstance(error, av.FFmpegError) else error
        raise TranscriptError(f"The file cannot be read as audio: {reason}.") from None


class _Resampling:
    """To one rate and one channel, also where both change within a file, as they do around inserted advertisements."""

    def __init__(self) -> None:
        self._shape: tuple[str, str, int] | None = None
        self._resampler: AudioResampler | None = None

    def of(self, frame: AudioFrame) -> Iterator[NDArray[Any]]:
        import av

        shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        if shape != self._shape:
            yield from self.rest()
            self._shape, self._resampler = shape, av.AudioResampler(format="s16", layout="mono", rate=RATE)
        assert self._resampler is not None
        frame.pts = None  # broken clocks of a file do no harm, the samples are in order
        for part in self._resampler.resample(frame):
            yield part.to_ndarray()[0]

    def rest(self) -> Iterator[NDArray[Any]]:
        for part in self._resampler.resample(None) if self._resampler else ():
            yield part.to_ndarray()[0]
