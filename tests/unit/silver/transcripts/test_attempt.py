"""One attempt at one episode: what is tried in which order, and what a failure leaves behind."""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import replace

import pytest

from lakehouse.errors import NoSpeechModelError, TranscriptError
from lakehouse.settings import Settings
from silver.transcripts.attempt import Episode, attempt, retry_at
from silver.transcripts.speech import Deaf, Heard, Whisper, speech_of
from tests.unit.silver.transcripts.test_audio import tone


class Listener:
    """Says what it was told to say, or what went wrong."""

    def __init__(self, *answers: str | BaseException) -> None:
        self.answers = list(answers)

    def prepare(self) -> None:
        pass

    def hear(self, audio: io.BytesIO) -> Heard:
        assert audio.read(4) == b"RIFF"
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return Heard(answer, "en")


def settings_for(server, **more) -> Settings:
    return Settings(download_private_hosts=f"example.org:1, {server.host}", **more)


def episode(server, transcript: str | None = None, audio: str | None = None, **more) -> Episode:
    links = {"transcript_url": transcript and server.url(transcript), "audio_url": audio and server.url(audio)}
    return Episode(**{"episode_id": "e1", "title": "One", "language": "de"} | links | more)


def outcome(result) -> tuple:
    return result.status, result.text, result.language, result.source, result.retry_count


def test_the_publishers_transcript_is_enough(server):
    result = attempt(episode(server, "/good.vtt", "/words.wav"), settings_for(server), Listener())

    assert outcome(result) == ("done", "Salt & pepper", "de", "publisher", 0)
    assert [path for _, path in server.asked] == ["/good.vtt"]


@pytest.mark.parametrize("transcript", [None, "/page.json", "/gone", "/empty"])
def test_audio_is_written_down_where_the_publisher_has_no_good_transcript(server, transcript):
    result = attempt(episode(server, transcript, "/words.wav"), settings_for(server), Listener("Hello"))

    assert outcome(result) == ("done", "Hello", "en", "speech", 0)


def test_a_failure_says_what_was_wrong_with_both_and_counts(server):
    result = attempt(episode(server, "/page.json", "/image"), settings_for(server), Listener())

    assert outcome(result) == ("failed", None, None, None, 1)
    assert "publisher: A web page came where JSON was promised." in result.error
    assert "speech: " in result.error
    assert "image/gif" in result.error


def test_the_third_failure_is_the_last(server):
    tried = episode(server, audio="/gone", retry_count=1)

    assert attempt(tried, settings_for(server), Listener()).status == "failed"
    last = attempt(replace(tried, retry_count=2), settings_for(server), Listener())
    assert (last.status, last.retry_count) == ("given_up", 3)


@pytest.mark.parametrize("answer", ["", " \n", TranscriptError("Too long."), ValueError("decoder"), MemoryError()])
def test_whatever_an_audio_file_does_to_the_listener_is_a_result(server, answer):
    result = attempt(episode(server, audio="/words.wav"), settings_for(server), Listener(answer))

    assert (result.status, result.retry_count) == ("failed", 1)


def test_an_episode_without_addresses_has_no_source(server):
    assert attempt(episode(server), settings_for(server), Listener()).status == "no_source"


def test_a_missing_model_costs_no_attempt_and_no_download(server):
    result = attempt(episode(server, audio="/words.wav"), settings_for(server), speech_of(settings_for(server)))

    assert (result.status, result.retry_count) == ("no_speech_model", 0)
    assert "Set WHISPER_MODEL" in result.error
    assert server.asked == []


def test_after_three_bad_transcripts_an_episode_waits_for_a_model_and_is_not_given_up(server):
    tried = episode(server, "/gone", "/words.wav", retry_count=1)

    assert attempt(tried, settings_for(server), Deaf("Set it.")).status == "failed"
    assert attempt(replace(tried, retry_count=2), settings_for(server), Deaf("Set it.")).status == "no_speech_model"


def test_a_model_that_is_not_there_is_one_sentence(tmp_path):
    whisper = speech_of(Settings(whisper_model=str(tmp_path)))

    assert isinstance(whisper, Whisper)
    for _ in range(2):
        with pytest.raises(NoSpeechModelError, match=f"WHISPER_MODEL={tmp_path} cannot be loaded"):
            whisper.prepare()
    with pytest.raises(NoSpeechModelError):
        whisper.hear(io.BytesIO(tone()))


def test_pauses_grow():
    at = dt.datetime(2024, 5, 1, tzinfo=dt.UTC)

    assert [retry_at(at, count) - at for count in (1, 2)] == [dt.timedelta(hours=1), dt.timedelta(hours=4)]


@pytest.mark.parametrize("hosts", ["", "127.0.0.1:80", "a.example:8080, b.example:1"])
def test_private_hosts_are_hosts_with_ports(hosts):
    assert Settings(download_private_hosts=hosts).download_private_hosts == hosts


@pytest.mark.parametrize("hosts", ["localhost", "http://a:80", "a:80;b:80", "a:b"])
def test_other_private_hosts_are_refused(hosts):
    with pytest.raises(ValueError, match="download_private_hosts"):
        Settings(download_private_hosts=hosts)
