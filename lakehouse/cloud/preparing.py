"""Preparation of a workspace: what a deployment needs and does not make itself. All of it can be done again."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from lakehouse.cloud.encoder import copied, has_volume
from lakehouse.cloud.readers import held_by, principals_of, suffices
from lakehouse.cloud.secrets_file import read_secrets
from lakehouse.cloud.workspace import REFUSALS
from lakehouse.errors import RecLakeError, said

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.service.iam import User

    from lakehouse.cloud.target import Scope, Target

Encoder = Callable[[], Sequence[Path]]
"""Finds the files of the sentence encoder on this machine, fetching them if need be."""


@dataclass(frozen=True)
class Step:
    """One thing that was to be done.

    Attributes
    ----------
    state : str
        `done` now, `there` already, `later`, after a deployment, or `failed`.
    """

    subject: str
    state: Literal["done", "there", "later", "failed"]
    said: str


def prepare(workspace: WorkspaceClient, me: User, target: Target, secrets: Path, encoder: Encoder) -> Iterator[Step]:
    """Make scopes, let those read them who have to, put secrets in, and copy the encoder.

    Parameters
    ----------
    secrets : Path
        A file like `.env`; values of it are put into scopes and shown nowhere. A target without scopes needs none.
    """
    values = read_secrets(secrets) if target.scopes else {}
    for scope in target.scopes:
        subject = f"secrets {scope.name}"
        try:
            yield _made(workspace, scope)
            yield from _filled(workspace, scope, values, secrets)
            yield from _readable(workspace, me, target, scope)
        except REFUSALS as error:
            yield Step(subject, "failed", _without(values, f"{said(error)}. Ask who manages the scope, or an admin."))
    try:
        yield from _encoder(workspace, target, encoder)
    except REFUSALS as error:
        yield Step("sentence encoder", "failed", f"{said(error)}.")
    except RecLakeError as error:
        yield Step("sentence encoder", "failed", str(error))


def _made(workspace: WorkspaceClient, scope: Scope) -> Step:
    from databricks.sdk.errors import ResourceAlreadyExists

    subject = f"secrets {scope.name}"
    if scope.name in {one.name for one in workspace.secrets.list_scopes()}:
        return Step(subject, "there", "the scope")
    try:
        workspace.secrets.create_scope(scope.name)
    except ResourceAlreadyExists:
        # Somebody else's, of which this identity sees nothing: what follows says so.
        return Step(subject, "there", "the scope")
    return Step(subject, "done", "the scope, which you manage")


def _readable(workspace: WorkspaceClient, me: User, target: Target, scope: Scope) -> Iterator[Step]:
    """Let apps read what is theirs, and the principal of the target read or manage the rest."""
    from databricks.sdk.errors import NotFound
    from databricks.sdk.service.workspace import AclPermission

    subject = f"secrets {scope.name}"
    wanted = principals_of(target, me, scope)
    for app in scope.apps:
        try:
            if principal := workspace.apps.get(app).service_principal_client_id:
                wanted[principal] = "READ"
        except NotFound:
            yield Step(subject, "later", f"READ for the app {app}, which `databricks bundle deploy` makes")
    if not wanted:
        return
    held = held_by(workspace, scope)
    for principal, permission in wanted.items():
        enough = suffices(held.get(principal), permission)
        if not enough:
            workspace.secrets.put_acl(scope.name, principal, AclPermission(permission))
        yield Step(subject, "there" if enough else "done", f"{permission} for {principal}")


def _filled(workspace: WorkspaceClient, scope: Scope, values: Mapping[str, str], file: Path) -> Iterator[Step]:
    subject = f"secrets {scope.name}"
    stored = {secret.key for secret in workspace.secrets.list_secrets(scope.name)}
    given = {key: values[name] for key in scope.keys if (name := scope.source(key)) in values}
    same = [key for key, value in given.items() if key in stored and _stored(workspace, scope, key) == value]
    for key in (new := [key for key in given if key not in same]):
        workspace.secrets.put_secret(scope.name, key, string_value=given[key])
    if new:
        yield Step(subject, "done", f"{', '.join(new)} from {file.name}")
    if left := [key for key in scope.keys if key in stored and key not in new]:
        yield Step(subject, "there", ", ".join(left))
    if missing := [key for key in scope.required if key not in stored and key not in given]:
        names = ", ".join(scope.source(key).upper() for key in missing)
        yield Step(subject, "failed", f"lacks {', '.join(missing)}: put {names} into {file} and prepare again.")


def _stored(workspace: WorkspaceClient, scope: Scope, key: str) -> str | None:
    """The value in a scope; none if this identity may put secrets in and not read them."""
    try:
        return base64.b64decode(workspace.secrets.get_secret(scope.name, key).value or "").decode()
    except REFUSALS:
        return None


def _encoder(workspace: WorkspaceClient, target: Target, encoder: Encoder) -> Iterator[Step]:
    folder = target.text_encoder
    if not folder or not folder.startswith("/Volumes/"):
        return
    if not has_volume(workspace, folder):
        again = f"after `databricks bundle deploy -t {target.name}`, which makes the volume, prepare again"
        yield Step("sentence encoder", "later", again)
        return
    new = copied(workspace, encoder(), folder)
    yield Step("sentence encoder", "done" if new else "there", f"{', '.join(new)} to {folder}" if new else folder)


def _without(values: Mapping[str, str], text: str) -> str:
    """What a workspace said, should it repeat what it was told."""
    for value in sorted(values.values(), key=len, reverse=True):
        text = text.replace(value, "***")
    return text
