"""The errors that a person can act on: each message says what was wrong, where, and what to do."""

_LONGEST_SAID = 300
"""Characters of what a stranger wrote that a sentence shows."""


def shown(text: str, longest: int = _LONGEST_SAID) -> str:
    r"""Text of a stranger as a sentence can show it: cut, and with what no terminal should obey escaped.

    Examples
    --------
    >>> shown("a\x1b[2Jb" + "c" * 10, 6)
    'a\\x1b[2Jb...'
    """
    cut = text if len(text) <= longest else text[:longest] + "..."
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)


def said(error: BaseException) -> str:
    r"""The first line of what went wrong, without its full stop, so that it can stand within a sentence.

    Examples
    --------
    >>> said(OSError("No such scope.\nRequest: 17")), said(ValueError())
    ('No such scope', 'ValueError')
    """
    lines = str(error).strip().splitlines()
    return shown(lines[0].rstrip(" .")) if lines else type(error).__name__


class RecLakeError(Exception):
    """Base of every error that is reported as one sentence with exit code 2 and no traceback."""


class SettingsError(RecLakeError):
    """A setting is missing or cannot be used."""


class ServiceError(RecLakeError):
    """A service (Kafka, the document store, PostgreSQL) cannot be started or reached."""


class PodcastIndexError(RecLakeError):
    """The podcast index cannot be reached, or its answer cannot be used."""


class JobDefinitionError(RecLakeError):
    """A job file under `resources/` asks for something that is unknown or impossible."""


class TaskParameterError(RecLakeError):
    """A task was given parameters that it does not take, or not those that it needs."""


class TableSchemaError(RecLakeError):
    """A stored table does not have the columns that this version of RecLake writes."""


class OverlapError(RecLakeError):
    """Two runs of one task worked at the same time on the same."""


class DataLossError(RecLakeError):
    """Kafka no longer holds records that were not read yet."""


class QualityGateError(RecLakeError):
    """A critical expectation failed, so what follows must not run."""


class InputFileError(RecLakeError):
    """A file given by the user cannot be read or lacks what is needed."""


class UnfinishedFileError(InputFileError):
    """A file is still being written, or was left half written."""


class DataTooLargeError(RecLakeError):
    """There is more data than a single node can work on in the way that was asked for."""


class NothingToServeError(RecLakeError):
    """There is no recommendation to show or to export, or no model to predict with."""


class ModelInputError(RecLakeError):
    """What a model was given lacks something, or has a value that cannot be."""


class TooLittleDataError(RecLakeError):
    """There is too little data, or of one kind only, to learn or to judge a model from."""


class TranscriptError(RecLakeError):
    """The words of an episode cannot be had from one of its addresses."""


class NoSpeechModelError(RecLakeError):
    """Speech-to-text is not set up, so audio cannot be written down."""
