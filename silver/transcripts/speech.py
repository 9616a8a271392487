"""Speech-to-text: from an audio file to words and their language."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from typing import IO, TYPE_CHECKING, Protocol

from lakehouse.errors import NoSpeechModelError
from silver.transcripts.audio import samples

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

    from lakehouse.settings import Settings


@dataclass(frozen=True)
class Heard:
    """What was said, and in which language (a tag such as `en`)."""

    text: str
    language: str | None


class Speech(Protocol):
    """Something that writes down what is said."""

    def prepare(self) -> None:
        """Make sure that it can listen, before anything is downloaded for it.

        Raises
        ------
        NoSpeechModelError
            It cannot, and the message says what to set.
        """

    def hear(self, audio: IO[bytes]) -> Heard:
        """Write down an audio file.

        Raises
        ------
        TranscriptError
            It is no audio that can be decoded, or it is too long.
        """


class Whisper:
    """faster-whisper, on a GPU where there is one.

    Parameters
    ----------
    model : str
        A folder with a CTranslate2 model, or a name such as `small` that the library downloads.
    max_seconds : float
        Longer audio is refused.
    max_chars : int
        What is said after so many characters is not listened to.
    """

    def __init__(self, model: str, max_seconds: float, max_chars: int) -> None:
        self._name = model
        self._max_seconds = max_seconds
        self._max_chars = max_chars

    def prepare(self) -> None:
        """Load the model; a failure is remembered, so that a run tries once."""
        if isinstance(self._model, NoSpeechModelError):
            raise self._model

    def hear(self, audio: IO[bytes]) -> Heard:
        """Write down an audio file, pauses left out."""
        self.prepare()
        sound = samples(audio, self._max_seconds)
        assert not isinstance(self._model, NoSpeechModelError)
        # A wrong guess must not colour what follows, and silence invites guesses.
        segments, info = self._model.transcribe(sound, vad_filter=True, condition_on_previous_text=False)
        said: list[str] = []
        length = 0
        for segment in segments:
            said.append(segment.text.strip())
            length += len(segment.text)
            if length > self._max_chars:
                break
        return Heard("\n".join(said), info.language)

    @cached_property
    def _model(self) -> WhisperModel | NoSpeechModelError:
        from faster_whisper import WhisperModel

        try:
            return WhisperModel(self._name, device="auto", compute_type="auto")
        except Exception as error:  # the hub's, CTranslate2's and the file system's: all mean that there is no model
            return NoSpeechModelError(
                f"The speech model WHISPER_MODEL={self._name} cannot be loaded: {' '.join(str(error).split())[:300]}. "
                "Name a folder with a CTranslate2 Whisper model, or a size that can be downloaded, such as small."
            )


class Deaf:
    """Stands where speech-to-text was not set up, and says what to set."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def prepare(self) -> None:
        """Raise `NoSpeechModelError`."""
        raise NoSpeechModelError(self._reason)

    def hear(self, audio: IO[bytes]) -> Heard:
        """Raise `NoSpeechModelError`."""
        raise NoSpeechModelError(self._reason)


def speech_of(settings: Settings) -> Speech:
    """Choose what listens under these settings; loading waits until there is something to hear."""
    if not settings.whisper_model:
        return Deaf("No speech model is set. Set WHISPER_MODEL to the folder or the name of a faster-whisper model.")
    if find_spec("faster_whisper") is None:
        return Deaf("The package faster-whisper is missing. Install RecLake with its extra `speech`.")
    return Whisper(settings.whisper_model, settings.audio_max_seconds, settings.transcript_max_chars)
