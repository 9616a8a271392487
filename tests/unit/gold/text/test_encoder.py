"""Sentence encoders: the default one, and any other from a folder."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gold.text.encoder import DEFAULT, Encoder, EncoderFiles, _unpacked, encoder_files, files_in, loaded
from lakehouse.errors import InputFileError
from lakehouse.settings import Settings
from tests.unit.gold.text.tiny_encoder import make_encoder, table

BREAD = "How do I bake sourdough bread at home?"
LOAF = "Baking a loaf of sourdough in your own kitchen"
ROME = "The history of the Roman empire"
CAESAR = "Why ancient Rome rose and fell"
BONDS = "Interest rates and the bond market"
EMPTY = ("", " \n\t", "\x00\x01\x7f")


@pytest.fixture(scope="session")
def minilm() -> Encoder:
    return loaded(encoder_files(Settings(text_encoder=None)))


@pytest.fixture
def tiny(tmp_path) -> Encoder:
    return Encoder(files_in(make_encoder(tmp_path / "tiny")))


@pytest.mark.parametrize(
    ("one", "other", "similarity"), [(BREAD, LOAF, 0.81), (ROME, CAESAR, 0.47), (ROME, BREAD, 0.02)]
)
def test_known_similarities(minilm, one, other, similarity):
    # Quantised arithmetic rounds differently on other processors.
    assert np.dot(*minilm.encode([one, other])) == pytest.approx(similarity, abs=0.04)


def test_a_paraphrase_is_nearer_than_anything_else(minilm):
    vectors = minilm.encode([BREAD, LOAF, ROME, CAESAR, BONDS])

    cosines = vectors @ vectors.T - 2 * np.eye(5)

    assert cosines.argmax(axis=1)[:4].tolist() == [1, 0, 3, 2]


def test_vectors_have_length_one_and_do_not_depend_on_what_else_is_embedded(minilm):
    together = minilm.encode([BONDS, BREAD * 40, ROME])

    assert np.linalg.norm(together, axis=1) == pytest.approx(1)
    assert (minilm.encode([ROME])[0] == together[2]).all()


def test_a_text_without_a_token_is_all_zero(minilm):
    assert not minilm.encode(EMPTY).any()
    assert minilm.encode([]).shape == (0, 384)


@given(st.text(max_size=60))
@settings(max_examples=60)
def test_any_text_gives_a_vector_of_length_one_or_zero(minilm, text):
    length = np.linalg.norm(minilm.encode([text]))

    assert length == pytest.approx(1) or length == 0


def test_a_million_characters_are_read_to_their_end(tiny):
    much = "bread " * 166_000

    far, near = tiny.encode([much + "rome caesar", much])

    assert len(much) > 990_000
    assert far @ near == pytest.approx(1, abs=1e-6)
    assert not (far == near).all()


@pytest.mark.parametrize("text", ["bread", "bread butter rome caesar", "bread butter rome caesar bread bread nonsense"])
def test_all_tokens_of_all_windows_count_alike(tiny, text):
    words = {"bread": 1, "butter": 2, "rome": 3, "caesar": 4}
    mean = table(3)[[words.get(word, 0) for word in text.split()]].mean(axis=0)

    assert tiny.encode([text])[0] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-6)


def test_the_id_tells_encoders_apart_and_not_where_they_lie(tmp_path):
    here, there = (files_in(make_encoder(tmp_path / place / "tiny")) for place in ("here", "there"))
    larger = files_in(make_encoder(tmp_path / "larger" / "tiny", dimensions=5))

    assert here.id == there.id != larger.id
    assert here.id.startswith("tiny:")


def test_a_setting_names_another_encoder(tmp_path):
    make_encoder(tmp_path / "other", dimensions=7)

    assert Encoder(encoder_files(Settings(text_encoder=tmp_path / "other"))).dimensions == 7


def test_the_model_may_have_any_name_and_needs_no_more_than_these_inputs(tmp_path):
    folder = make_encoder(tmp_path / "tiny", inputs=("input_ids", "attention_mask", "token_type_ids"))
    (folder / "model.onnx").rename(folder / "quantised.onnx")

    assert Encoder(files_in(folder)).encode(["bread"]).any()


@pytest.mark.parametrize("missing", ["model.onnx", "tokenizer.json"])
def test_a_folder_without_an_encoder_is_named(tmp_path, missing):
    folder = make_encoder(tmp_path / "tiny")
    (folder / missing).unlink()

    with pytest.raises(InputFileError, match=r"tiny is no text encoder: it needs model\.onnx"):
        files_in(folder)


@pytest.mark.parametrize("broken", ["model.onnx", "tokenizer.json"])
def test_files_that_are_something_else_are_named(tmp_path, broken):
    folder = make_encoder(tmp_path / "tiny")
    (folder / broken).write_text("<html>not found</html>")

    with pytest.raises(InputFileError, match="tiny cannot be loaded"):
        Encoder(files_in(folder))


def test_a_model_that_needs_more_than_tokens_is_named(tmp_path):
    folder = make_encoder(tmp_path / "tiny", inputs=("input_ids", "pixel_values"))

    with pytest.raises(InputFileError, match=r"it needs .*pixel_values"):
        Encoder(files_in(folder))


def test_on_databricks_an_encoder_has_to_be_named(monkeypatch):
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "17.3")

    with pytest.raises(
        InputFileError, match=r"TEXT_ENCODER names none\. `reclake cloud prepare` copies one to the vol"
    ):
        encoder_files(Settings(text_encoder=None))


def test_the_default_encoder_is_unpacked_once_by_however_many(tmp_path):
    with ThreadPoolExecutor() as pool:
        folders = set(pool.map(_unpacked, [tmp_path / DEFAULT] * 3))

    assert folders == {tmp_path / DEFAULT}
    assert [path.name for path in tmp_path.iterdir()] == [DEFAULT]
    assert isinstance(files_in(*folders), EncoderFiles)
