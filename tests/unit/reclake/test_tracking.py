"""Tracking: which server, and what if it is away."""

import socket

import pytest

from reclake.errors import ServiceError
from reclake.settings import Settings
from reclake.tracking import tracked_run, tracking_client


@pytest.mark.parametrize("ask", [tracking_client, lambda settings: tracked_run(settings, "train").__enter__()])
def test_a_server_that_is_away_is_one_sentence_without_its_password(ask):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        uri = f"http://anna:secret@127.0.0.1:{bound.getsockname()[1]}"

        with pytest.raises(ServiceError, match=r"127\.0\.0\.1:\d+ does not answer .*what is served stays") as raised:
            ask(Settings(mlflow_tracking_uri=uri))

    assert "secret" not in str(raised.value)
