"""What is told before anything is sent, and refused until an option says what is meant."""

from __future__ import annotations

import pytest

from tests.unit.producers.replay.looked_at import CLICKS, LISTENING, RATINGS, csv, refusal, written


@pytest.mark.parametrize("user", ["1e+18", "1234567890123456768.0"])
def test_ids_that_floats_have_rounded_are_refused(tmp_path, user):
    assert "1 ids in 'user_id' are as 1e+18" in refusal(csv(tmp_path, LISTENING, f"{user},7,like"))


def test_events_that_nobody_explained_are_refused_with_their_numbers_and_the_option(tmp_path):
    rows = ["s,u,i,view", "s,u,i,remove_from_cart", "s,u,i,remove_from_cart", "s,u,i,refund"]

    message = refusal(csv(tmp_path, CLICKS, *rows))

    assert "'remove_from_cart' (2 rows), 'refund' (1 rows)" in message
    assert "`--map-event 'remove_from_cart='`" in message


@pytest.mark.parametrize(
    ("ratings", "scale"),
    [
        (("0", "9", "10"), "0-10"),
        (("1", "7", "10"), "1-10"),
        (("0", "50", "100"), "0-100"),
        (("85%", "10 %"), "0-100"),
        (("-1", "1"), "-1..1"),
        (("-9.5", "10"), "-10..10"),
        (("0", "1"), "0-1"),
        (("0", "5"), "0-5"),
    ],
)
def test_ratings_of_another_scale_are_refused_with_the_option(tmp_path, ratings, scale):
    path = csv(tmp_path, RATINGS, *(f"u,{n},{rating}" for n, rating in enumerate(ratings)))

    assert f"such as `--rating-scale={scale}`" in refusal(path)


def test_a_file_of_a_folder_of_which_nothing_would_be_understood_is_refused(tmp_path):
    csv(tmp_path, LISTENING, "u,e,like")
    written(tmp_path / "b.csv", LISTENING + "u,e,like,soon\n")

    assert "No row of b.csv would be understood" in refusal(tmp_path)
