"""The command `demo`: what it refuses before it starts anything. (The README's first command is the rest of it.)"""

import pytest
from typer.testing import CliRunner

from reclake.app import app


@pytest.mark.parametrize("arguments", [("--events", "0"), ("--users", "0"), ("--seed", "-1"), ("--input",)])
def test_options_out_of_range_are_refused(arguments):
    result = CliRunner().invoke(app, ["demo", *arguments])

    assert result.exit_code == 2
    assert arguments[0] in result.output
