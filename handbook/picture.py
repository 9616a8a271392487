"""The picture of the architecture: what runs in which order, drawn from the jobs of the bundle as an SVG.

A job is a row; its tasks stand in columns by what has to end before them, and go on in a new line where a row is full.
Colours say the layer: of a task by where its code lies, of a job that another one runs by its own tasks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from html import escape
from importlib.metadata import entry_points
from pathlib import Path

from lakehouse.jobs.bundle import FILE
from lakehouse.jobs.definition import load_jobs
from lakehouse.jobs.model import Job, TaskDefinition
from lakehouse.task import GROUP

_WIDTH, _HEIGHT, _ACROSS, _DOWN = 146, 28, 28, 10
_LEFT, _BAND, _FOLD = 16, 34, 12
_MOST_COLUMNS = 6
_COLOURS = {
    "producers": "#8d6e63",
    "bronze": "#b26a2b",
    "silver": "#607d8b",
    "gold": "#b8901a",
    "stores": "#2e7d6b",
    "lakehouse": "#7e57c2",
}
_NAMES = {"producers": "fetches", "stores": "export to stores", "lakehouse": "quality gate"}
_STYLE = """\
text { font: 12px system-ui, sans-serif; fill: #fff; }
.job { font-weight: 600; font-size: 13px; fill: #1f2933; }
.what { fill: #52606d; }
.row { fill: #f5f7fa; stroke: #cbd2d9; }
.edge { fill: none; stroke: #9aa5b1; stroke-width: 1.5; }"""


def drawing(bundle: Path | None = None) -> str:
    """The picture as the text of an SVG file; it needs nothing else and no network."""
    jobs = load_jobs(bundle or Path(__file__).parents[1] / FILE)
    rows = list(_rows(jobs))
    width = 4 * _LEFT + _MOST_COLUMNS * (_WIDTH + _ACROSS) - _ACROSS
    body, top = [_legend()], 46
    for job in rows:
        drawn, height = _row(job, jobs, top, width)
        body.append(drawn)
        top += height + 12
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {top}" width="{width}" height="{top}" '
        f'role="img" aria-label="Jobs and their tasks">\n<style>{_STYLE}</style>\n'
        f'<rect width="{width}" height="{top}" fill="#fff"/>\n' + "\n".join(body) + "\n</svg>\n"
    )


def _rows(jobs: Mapping[str, Job]) -> Iterator[Job]:
    """Jobs that no other runs, each followed by those that it runs and that were not drawn before."""
    run_by_others = {task.run_job_task.job for job in jobs.values() for task in job.tasks if task.run_job_task}
    drawn: set[str] = set()

    def below(key: str) -> Iterator[Job]:
        if key not in drawn:
            drawn.add(key)
            yield jobs[key]
            for task in jobs[key].tasks:
                if task.run_job_task:
                    yield from below(task.run_job_task.job)

    # The longest first: what is short beside it runs less often.
    for key in sorted(jobs.keys() - run_by_others, key=lambda key: (-len(list(_family(key, jobs))), key)):
        yield from below(key)


def _family(key: str, jobs: Mapping[str, Job]) -> Iterator[str]:
    yield key
    for task in jobs[key].tasks:
        if task.run_job_task:
            yield from _family(task.run_job_task.job, jobs)


def _columns(job: Job) -> dict[str, int]:
    """Which column each task stands in: just before what waits for it, so that lines are short."""
    earliest: dict[str, int] = {}
    for task in job.tasks:
        earliest[task.task_key] = 1 + max((earliest[key] for key in task.needs), default=-1)
    columns: dict[str, int] = {}
    for task in reversed(job.tasks):
        waiting = [columns[one.task_key] for one in job.tasks if task.task_key in one.needs]
        columns[task.task_key] = min(waiting) - 1 if waiting else earliest[task.task_key]
    return {task.task_key: columns[task.task_key] for task in job.tasks}


def _places(job: Job, top: int) -> dict[str, tuple[int, int]]:
    """Left and top of each task's box."""
    columns = _columns(job)
    taken = Counter(columns.values())
    lines = sorted({column // _MOST_COLUMNS for column in taken})
    tops, below = {}, top + _BAND
    for line in lines:
        tops[line] = below
        most = max(count for column, count in taken.items() if column // _MOST_COLUMNS == line)
        below += most * (_HEIGHT + _DOWN) + _FOLD
    seen: Counter[int] = Counter()
    places = {}
    for key, column in columns.items():
        line, across = divmod(column, _MOST_COLUMNS)
        places[key] = (2 * _LEFT + across * (_WIDTH + _ACROSS), tops[line] + seen[column] * (_HEIGHT + _DOWN))
        seen[column] += 1
    return places


def _row(job: Job, jobs: Mapping[str, Job], top: int, width: int) -> tuple[str, int]:
    places = _places(job, top)
    lines = {key: column // _MOST_COLUMNS for key, column in _columns(job).items()}
    folds = {line: min(places[key][1] for key in places if lines[key] == line) - _FOLD for line in lines.values()}
    height = max(y for _, y in places.values()) + _HEIGHT + 12 - top
    parts = [
        f'<rect class="row" x="{_LEFT}" y="{top}" width="{width - 2 * _LEFT}" height="{height}" rx="8"/>',
        f'<text class="job" x="{2 * _LEFT}" y="{top + 21}">{escape(job.key)}'
        f'<tspan class="what" dx="10" font-weight="400" font-size="12">{escape(job.description)}</tspan></text>',
        *(
            _edge(places[needed], places[task.task_key], folds[lines[task.task_key]])
            for task in job.tasks
            for needed in task.needs
        ),
        *(_box(task, _layer(task, jobs), *places[task.task_key]) for task in job.tasks),
    ]
    return "\n".join(parts), height


def _box(task: TaskDefinition, layer: str, x: int, y: int) -> str:
    name = f"job {task.run_job_task.job}" if task.run_job_task else task.task_key
    # A letter is about .58 of its size wide.
    size = min(12, int((_WIDTH - 10) / (0.58 * len(name))))
    dashed = ' stroke="#1f2933" stroke-dasharray="4 3"' if task.run_job_task else ""
    return (
        f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="5" fill="{_COLOURS[layer]}"{dashed}/>'
        f'<text x="{x + _WIDTH // 2}" y="{y + 18}" text-anchor="middle" '
        f'style="font-size: {size}px">{escape(name)}</text>'
    )


def _edge(start: tuple[int, int], end: tuple[int, int], fold: int) -> str:
    x1, y1 = start[0] + _WIDTH, start[1] + _HEIGHT // 2
    x2, y2 = end[0], end[1] + _HEIGHT // 2
    bend = _ACROSS // 2
    if x2 > x1:
        way = f"H{x2 - _ACROSS} C{x2 - bend} {y1} {x2 - bend} {y2} {x2} {y2}"
    else:
        # To the next line: down beside the box, back below the line, and down to the left of what waits.
        way = f"h{bend // 2} V{fold} H{x2 - bend // 2} V{y2} H{x2}"
    return f'<path class="edge" d="M{x1} {y1} {way}"/>'


def _layer(task: TaskDefinition, jobs: Mapping[str, Job]) -> str:
    """The room that a task's code lies in; of a job that is run, that of most of its tasks, gates aside."""
    if task.run_job_task:
        of = [_layer(one, jobs) for one in jobs[task.run_job_task.job].tasks]
        return Counter(layer for layer in of if layer != "lakehouse").most_common(1)[0][0]
    assert task.python_wheel_task is not None
    (point,) = entry_points(group=GROUP, name=task.python_wheel_task.entry_point)
    room, *inside = point.value.split(".")
    return "stores" if inside[:1] == ["stores"] else room


def _legend() -> str:
    parts, x = [], _LEFT
    for layer, colour in _COLOURS.items():
        name = _NAMES.get(layer, layer)
        parts.append(
            f'<rect x="{x}" y="14" width="16" height="16" rx="4" fill="{colour}"/>'
            f'<text x="{x + 22}" y="27" class="what">{name}</text>'
        )
        x += 46 + 7 * len(name)
    parts.append(
        f'<rect x="{x}" y="14" width="16" height="16" rx="4" fill="none" stroke="#1f2933" stroke-dasharray="4 3"/>'
        f'<text x="{x + 22}" y="27" class="what">another job, with a row of its own</text>'
    )
    return "\n".join(parts)
