"""Encoders of a few words, made on the spot: a word's vector is a row of a table."""

from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper
from tokenizers import Tokenizer, models, pre_tokenizers

WORDS = ("[UNK]", "bread", "butter", "rome", "caesar")
WINDOW = 4


def table(dimensions: int) -> np.ndarray:
    return np.random.default_rng(dimensions).standard_normal((len(WORDS), dimensions)).astype(np.float32)


def make_encoder(folder: Path, dimensions: int = 3, inputs: tuple[str, ...] = ("input_ids",)) -> Path:
    """Write a model that looks its `input_ids` up and takes no notice of its other inputs, and its tokenizer."""
    folder.mkdir(parents=True)
    shape = ["batch", "tokens"]
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"])],
        "tiny",
        [helper.make_tensor_value_info(name, onnx.TensorProto.INT64, shape) for name in inputs],
        [helper.make_tensor_value_info("last_hidden_state", onnx.TensorProto.FLOAT, [*shape, dimensions])],
        [numpy_helper.from_array(table(dimensions), "table")],
    )
    opset = helper.make_opsetid("", 13)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=8), folder / "model.onnx")
    words = {word: number for number, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.enable_truncation(WINDOW)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder
