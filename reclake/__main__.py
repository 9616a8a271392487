"""`python -m reclake`: the same as the console script `reclake`."""

from reclake.cli.app import main

main()
