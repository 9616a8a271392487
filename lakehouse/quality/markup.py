"""What the quality pages say, as HTML that needs nothing beside itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from lakehouse.quality.newest import Checked, Line

_WORST_FIRST = ("failed", "warning", "passed")
_STYLE = """
:root { color-scheme: light dark; --line: #8883; --failed: #c62828; --warning: #b26a00; --passed: #2e7d32; }
@media (prefers-color-scheme: dark) { :root { --failed: #ff8a80; --warning: #ffca66; --passed: #81c784; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: .25rem; }
p { margin-top: 0; opacity: .75; }
table { border-collapse: collapse; width: 100%; margin-top: 1.5rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; }
code { overflow-wrap: anywhere; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.state { font-weight: 600; white-space: nowrap; }
.failed { color: var(--failed); } .warning { color: var(--warning); } .passed { color: var(--passed); }
"""


def index(checks: Iterable[Checked]) -> str:
    """The list of all tables, those that failed first."""
    found = sorted(checks, key=lambda checked: (_WORST_FIRST.index(checked.state), checked.name))
    rows = [
        [
            _state(checked.state),
            f'<td><a href="validations/{quote(checked.name)}.html">{escape(checked.name)}</a></td>',
            _number(f"{len(checked.lines) - len(checked.broken)} of {len(checked.lines)}"),
            _number(f"{checked.num_rows:,}"),
            _number(str(checked.version)),
            _number(f"{checked.at:%Y-%m-%d %H:%M}"),
        ]
        for checked in found
    ]
    counts = [f"{sum(checked.state == state for checked in found)} {state}" for state in _WORST_FIRST]
    return _document(
        "Quality of the tables",
        f"The newest check of each table: {', '.join(counts)}. Every check is in ops.quality_results.",
        ("", "table", "expectations met", "rows checked", "version", "checked, UTC"),
        rows,
    )


def page(checked: Checked) -> str:
    """The check of one table, what did not hold first."""
    rows = [
        [
            _state(_of(line)),
            f"<td><code>{escape(line.expectation)}</code></td>",
            f"<td>{escape(line.severity)}</td>",
            f"<td>{escape(line.observed)}</td>",
        ]
        for line in sorted(checked.lines, key=lambda line: _WORST_FIRST.index(_of(line)))
    ]
    return _document(
        checked.name,
        f"Version {checked.version}, {checked.num_rows:,} rows, checked at {checked.at:%Y-%m-%d %H:%M} UTC.",
        ("", "expectation", "severity", "seen instead"),
        rows,
        '<nav><a href="../index.html">All tables</a></nav>',
    )


def _of(line: Line) -> str:
    return "passed" if line.passed else "failed" if line.severity == "critical" else "warning"


def _state(state: str) -> str:
    return f'<td class="state {state}">{state}</td>'


def _number(text: str) -> str:
    return f'<td class="number">{escape(text)}</td>'


def _document(
    title: str, about: str, columns: Sequence[str], rows: Iterable[Iterable[str]], navigation: str = ""
) -> str:
    numbers = {"expectations met", "rows checked", "version", "checked, UTC"}
    head = "".join(f"<th{' class=number' if name in numbers else ''}>{escape(name)}</th>" for name in columns)
    body = "\n".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{_STYLE}</style>
</head>
<body>
{navigation}
<h1>{escape(title)}</h1>
<p>{escape(about)}</p>
<table>
<thead><tr>{head}</tr></thead>
<tbody>
{body}
</tbody>
</table>
</body>
</html>
"""
