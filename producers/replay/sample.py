"""A sample of clicks in the package, as files of 50 events; `python -m producers.replay.sample` makes it anew."""

from __future__ import annotations

from pathlib import Path

from producers.simulator.clicks import Simulation

SAMPLE = Path(__file__).with_name("sample_clicks")
CHUNK_EVENTS = 50


def write_sample(folder: Path = SAMPLE) -> None:
    """Write a simulated day of 200 clicks, without faults, as JSON lines."""
    simulation = Simulation(events=200, users=20, items=40, days=1, duplicate_share=0, late_share=0, malformed_share=0)
    lines = [record.value + b"\n" for record in simulation.event_records()]
    folder.mkdir(exist_ok=True)
    for number, first in enumerate(range(0, len(lines), CHUNK_EVENTS), 1):
        (folder / f"clicks-{number:03d}.jsonl").write_bytes(b"".join(lines[first : first + CHUNK_EVENTS]))


if __name__ == "__main__":
    write_sample()
