"""The commands `reclake cloud check` and `prepare`: what a workspace lacks for a target of the bundle, and the rest."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from databricks.sdk import WorkspaceClient
    from databricks.sdk.service.iam import User

    from lakehouse.cloud.target import Target

app = typer.Typer(no_args_is_help=True, help="See what a Databricks workspace lacks for a deployment, and prepare it.")

_STYLES = {"ok": "green", "done": "green", "there": "dim", "missing": "bold red", "failed": "bold red"}

TargetOption = Annotated[
    str | None, typer.Option("--target", "-t", help="A target of databricks.yml; else the one it calls its default.")
]
VarOption = Annotated[
    list[str] | None, typer.Option("--var", metavar="NAME=VALUE", help="Give a variable a value; can be repeated.")
]
ProfileOption = Annotated[
    str | None, typer.Option("--profile", "-p", help="A profile of ~/.databrickscfg; else the environment or DEFAULT.")
]


@app.command()
def check(target: TargetOption = None, var: VarOption = None, profile: ProfileOption = None) -> None:
    """Say all that is missing in the workspace for a target, and what to do about each; change nothing.

    Variables have the values that the Databricks CLI would give them. The exit code is 1 if something that a deployment
    or a job cannot do without is missing.
    """
    from lakehouse.cloud.checking import check as look

    workspace, me, needed = _opened(target, var, profile)
    findings = list(look(workspace, me, needed))
    _show(
        f"Target {needed.name}",
        ("what", "state", "found", "what to do"),
        [(one.subject, one.state, one.said, one.todo) for one in findings],
    )
    missing = [one for one in findings if one.state == "missing"]
    if missing:
        typer.echo(f"{len(missing)} missing.")
        raise typer.Exit(1)
    typer.echo("Nothing that is needed is missing.")


@app.command()
def prepare(
    target: TargetOption = None,
    var: VarOption = None,
    profile: ProfileOption = None,
    secrets: Annotated[Path, typer.Option(help="File like .env that the secrets are taken from.")] = Path(".env"),
) -> None:
    """Make what a deployment needs and does not make itself: secret scopes, their secrets and readers, the encoder.

    Run it before the first `databricks bundle deploy`, and once more after it, when the volume and the app are there.
    What is as it should be is left alone. The exit code is 1 if something could not be done.
    """
    from lakehouse.cloud.preparing import prepare as make

    workspace, me, needed = _opened(target, var, profile)
    steps = list(make(workspace, me, needed, secrets, _encoder_files))
    rows = [(step.subject, step.state, step.said) for step in steps]
    _show(f"Target {needed.name}", ("what", "state", "which"), rows)
    if any(step.state == "failed" for step in steps):
        raise typer.Exit(1)
    if any(step.state == "later" for step in steps):
        typer.echo(
            f"Next: databricks bundle deploy -t {needed.name}, then reclake cloud prepare -t {needed.name} again."
        )


def _opened(target: str | None, var: Sequence[str] | None, profile: str | None) -> tuple[WorkspaceClient, User, Target]:
    from lakehouse.cloud.target import target_of
    from lakehouse.cloud.values import bundle_for
    from lakehouse.cloud.workspace import signed_in
    from lakehouse.jobs.bundle import find_bundle

    file, said = find_bundle(), _pairs(var or ())
    workspace, me = signed_in(profile)
    return workspace, me, target_of(bundle_for(file, target, said, os.environ, me))


def _encoder_files() -> list[Path]:
    from gold.text.encoder import encoder_files
    from lakehouse.settings import load_settings

    return list(encoder_files(load_settings()).all)


def _pairs(given: Iterable[str]) -> dict[str, str]:
    from lakehouse.errors import JobDefinitionError

    for text in given:
        if "=" not in text:
            raise JobDefinitionError(f"--var {text} has no value: write --var {text}=VALUE.")
    return dict(text.split("=", 1) for text in given)


def _show(title: str, columns: Sequence[str], rows: Sequence[tuple[str, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", box=None, header_style="bold")
    for column in columns:
        # Names and commands are for copying: only what explains may be wrapped.
        table.add_column(column, no_wrap=column in ("what", "state"), overflow="fold")
    for subject, state, *texts in rows:
        table.add_row(subject, Text(state, style=_STYLES.get(state, "yellow")), *map(Text, texts))
    Console().print(table)
