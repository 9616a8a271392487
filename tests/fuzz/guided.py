"""Fuzzing guided by coverage, for hours: `uv run --with atheris python -m tests.fuzz.guided csv -max_total_time=600`.

What atheris finds goes into the test of the same property, as an `@example`. Options behind the name are libFuzzer's;
what is worth to be gone on from is kept in the folder that is given as the last of them.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["bronze", "producers", "silver.transcripts", "lakehouse.jobs"]):
    from tests.fuzz import test_purchase_files as purchase_files
    from tests.fuzz import test_replays as replays
    from tests.fuzz import test_settings as settings
    from tests.fuzz import test_transcripts as transcripts

TARGETS = {
    "purchases": (purchase_files.csv_of_purchases, purchase_files.CSV_SEEDS),
    "purchases.parquet": (purchase_files.parquet_of_purchases, purchase_files.PARQUET_SEEDS),
    "csv": (replays.csv_recording, replays.CSV_SEEDS),
    "json": (replays.json_recording, replays.JSON_SEEDS),
    "transcripts": (transcripts.transcript, transcripts.SEEDS),
    "index": (transcripts.answer_of_the_index, transcripts.ANSWERS),
    "yaml": (settings.yaml_file, (settings.YAML,)),
    "env": (settings.env_file, (settings.ENV,)),
}


def main() -> None:
    """Fuzz the property that the command line names."""
    name, *options = sys.argv[1:] or [""]
    if name not in TARGETS:
        sys.exit(f"Give one of {', '.join(TARGETS)}.")
    target, seeds = TARGETS[name]
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(seeds):
            Path(folder, str(number)).write_bytes(seed)
        atheris.Setup([sys.argv[0], *options, folder], target)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
