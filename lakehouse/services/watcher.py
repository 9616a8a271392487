"""The watcher of one holder: waits until that process ends, then releases the service that it held.

Run as `python -m lakehouse.services.watcher HOME NAME PID CREATED` with a pipe from the holder as its input.
"""

from __future__ import annotations

import sys
from pathlib import Path

from lakehouse.services.process import release
from lakehouse.services.state import Place, ProcessId


def main() -> None:
    """Read the pipe to its end, which comes when the holder closes it or is gone."""
    home, name, pid, created = sys.argv[1:]
    sys.stdin.buffer.read()
    release(Place(Path(home), name), ProcessId(pid=int(pid), created=float(created)))


if __name__ == "__main__":
    main()
