"""Audio files become samples; playlists and other strangers do not."""

from __future__ import annotations

import io
import math
import struct
import wave
from pathlib import Path

import av
import numpy as np
import pytest

from lakehouse.errors import TranscriptError
from silver.transcripts.audio import RATE, samples


def tone(seconds: float = 1.0, rate: int = 44_100, channels: int = 2) -> bytes:
    """A wave file with a tone of 440 Hz."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(rate)
        for n in range(int(seconds * rate)):
            out.writeframes(struct.pack("<h", int(16_000 * math.sin(2 * math.pi * 440 * n / rate))) * channels)
    return file.getvalue()


def encoded(container: str, codec: str, rate: int = 48_000) -> bytes:
    file = io.BytesIO()
    with av.open(io.BytesIO(tone(rate=rate))) as source, av.open(file, "w", format=container) as target:
        stream = target.add_stream(codec, rate=rate)
        for frame in source.decode(audio=0):
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return file.getvalue()


def test_a_wave_file_becomes_mono_at_the_rate_of_the_model():
    sound = samples(io.BytesIO(tone(seconds=1.5)), max_seconds=10)

    assert sound.dtype == np.float32
    assert len(sound) == pytest.approx(1.5 * RATE, rel=0.01)
    assert 0.4 < np.abs(sound).max() < 0.6


@pytest.mark.parametrize(
    ("container", "codec"), [("mp3", "mp3"), ("ogg", "libopus"), ("flac", "flac"), ("adts", "aac"), ("ipod", "aac")]
)
def test_formats_of_podcasts_are_read(container, codec):
    sound = samples(io.BytesIO(encoded(container, codec)), max_seconds=10)

    assert len(sound) == pytest.approx(RATE, rel=0.15)


def test_an_inserted_advertisement_of_another_rate_and_a_damaged_stretch_do_no_harm():
    show, advertisement = encoded("mp3", "mp3"), encoded("mp3", "mp3", rate=24_000)

    sound = samples(io.BytesIO(show + bytes(5_000) + advertisement + show), max_seconds=10)

    assert len(sound) > 2 * RATE


def test_audio_that_plays_too_long_is_refused():
    with pytest.raises(TranscriptError, match="plays longer than 1 s"):
        samples(io.BytesIO(tone(seconds=1.5)), max_seconds=1)


@pytest.mark.parametrize("content", [b"", b"<html>gone</html>", bytes(10_000), tone()[:44], b"ID3" + bytes(100)])
def test_what_is_no_audio_is_refused(content):
    with pytest.raises(TranscriptError, match=r"read as audio|No sound"):
        samples(io.BytesIO(content), max_seconds=10)


PLAYLISTS = [
    "ffconcat version 1.0\nfile secret.wav\n",
    "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{link}\n#EXT-X-ENDLIST\n",
    "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
]


@pytest.mark.parametrize("before", [b"", b"ID3\x04\x00\x00\x00\x00\x00\x00"])
@pytest.mark.parametrize("playlist", PLAYLISTS, ids=["concat", "hls", "sdp"])
def test_a_playlist_does_not_make_the_decoder_open_what_it_names(server, tmp_path, monkeypatch, before, playlist):
    Path(tmp_path / "secret.wav").write_bytes(tone())
    monkeypatch.chdir(tmp_path)

    with pytest.raises(TranscriptError, match="cannot be read as audio"):
        samples(io.BytesIO(before + playlist.format(link=server.url("/words.wav")).encode()), max_seconds=10)

    assert server.asked == []
