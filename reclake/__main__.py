"""`python -m reclake`: the same as the console script `reclake`."""

from reclake.app import main

main()
