"""One faulty server per test."""

import pytest

from tests.unit.silver.transcripts.faulty import serving


@pytest.fixture
def server():
    with serving() as running:
        yield running
