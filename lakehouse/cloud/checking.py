"""Checks of a workspace: everything that a target needs and that is missing, at once and with what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from lakehouse.cloud.encoder import encoder_finding
from lakehouse.cloud.finding import Finding
from lakehouse.cloud.readers import held_by, principals_of, suffices
from lakehouse.cloud.rights import catalog_findings
from lakehouse.cloud.values import is_principal
from lakehouse.cloud.workspace import REFUSALS
from lakehouse.errors import said

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.service.iam import User

    from lakehouse.cloud.target import Scope, Target

_EVERYBODY, _ADMINS = ("account users", "users"), "admins"


def check(workspace: WorkspaceClient, me: User, target: Target) -> Iterator[Finding]:
    """Look at all that a target needs; nothing is changed."""
    yield Finding("sign-in", "ok", f"{me.user_name} at {workspace.config.host}")
    yield from _values(target)
    yield from _identity(workspace, me, target)
    if target.catalog:
        yield from catalog_findings(workspace, me, target)
    for scope in target.scopes:
        yield from _asked(f"secrets {scope.name}", partial(_secrets, workspace, me, target, scope))
    yield from _asked("sentence encoder", lambda: encoder_finding(workspace, target))
    yield from _asked("warehouse", lambda: _warehouse(workspace, target))
    yield from _asked("viewers", lambda: _viewers(workspace, target))
    yield from _products(workspace, target)


def _asked(subject: str, ask: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from list(ask())
    except REFUSALS as error:
        yield Finding(subject, "unknown", f"cannot be asked: {said(error)}", "Ask an administrator of the workspace.")


def _values(target: Target) -> Iterator[Finding]:
    for name, purpose in target.missing.items():
        todo = f"--var {name}=VALUE, or BUNDLE_VAR_{name} for each command."
        yield Finding(f"variable {name}", "missing", f"has no value. {purpose}".strip(), todo)


def _identity(workspace: WorkspaceClient, me: User, target: Target) -> Iterator[Finding]:
    principal = target.service_principal
    if not principal or principal == me.user_name:
        return

    def ask() -> Iterator[Finding]:
        if not is_principal(principal):
            todo = "service_principal is an application id, such as 0123abcd-...: see Settings, Identity and access."
            yield Finding("service principal", "missing", f"{principal} is no application id", todo)
        elif not list(workspace.service_principals.list(filter=f'applicationId eq "{principal}"')):
            todo = "Add it: Settings, Identity and access, Service principals."
            yield Finding("service principal", "missing", f"the workspace has none with the id {principal}", todo)
        else:
            todo = "Sign in as the service principal to deploy; to check and to prepare you need not."
            yield Finding("service principal", "optional", f"{target.name} is deployed by {principal} itself", todo)

    yield from _asked("service principal", ask)


def _secrets(workspace: WorkspaceClient, me: User, target: Target, scope: Scope) -> Iterator[Finding]:
    from databricks.sdk.errors import NotFound, PermissionDenied

    subject, prepare = f"secrets {scope.name}", f"`reclake cloud prepare -t {target.name}`"
    try:
        stored = {secret.key for secret in workspace.secrets.list_secrets(scope.name)}
    except NotFound:
        yield Finding(subject, "missing", "there is no such scope", f"{prepare} makes it.")
        return
    except PermissionDenied as error:
        todo = "Ask who manages the scope for READ, or let them prepare the target."
        yield Finding(subject, "missing", f"you may not read it: {said(error)}", todo)
        return
    if missing := [key for key in scope.required if key not in stored]:
        names = ", ".join(missing)
        todo = f"Put them into .env and run {prepare}, or `databricks secrets put-secret {scope.name} KEY`."
        yield Finding(subject, "missing", f"lacks {names}", todo)
    else:
        yield Finding(subject, "ok", f"has all that is needed: {', '.join(scope.required) or 'nothing'}")
    if absent := [key for key in scope.optional if key not in stored]:
        yield Finding(subject, "optional", f"without {', '.join(absent)}", "Only for who wants what they are for.")
    yield from _readers(workspace, me, target, scope)


def _readers(workspace: WorkspaceClient, me: User, target: Target, scope: Scope) -> Iterator[Finding]:
    """Whether the principal that a target is deployed by and runs as may do what it has to with a scope."""
    wanted = principals_of(target, me, scope)
    held = held_by(workspace, scope) if wanted else {}
    for principal, permission in wanted.items():
        if not suffices(held.get(principal), permission):
            lacking = f"{principal} lacks {permission}, and the target runs as it"
            todo = f"`reclake cloud prepare -t {target.name}` lets it."
            yield Finding(f"secrets {scope.name}", "missing", lacking, todo)


def _warehouse(workspace: WorkspaceClient, target: Target) -> Iterator[Finding]:
    from databricks.sdk.errors import NotFound, PermissionDenied

    wanted, todo = target.warehouse, "--var dashboard_warehouse=ID, one of `databricks warehouses list`."
    if wanted is None:
        return
    if wanted.id:
        try:
            found = workspace.warehouses.get(wanted.id)
        except (NotFound, PermissionDenied) as error:
            yield Finding("warehouse", "missing", f"{wanted.id}: {said(error)}", todo)
        else:
            yield Finding("warehouse", "ok", f"{found.name} ({wanted.id})")
    elif wanted.name:
        if wanted.name in [warehouse.name for warehouse in workspace.warehouses.list()]:
            yield Finding("warehouse", "ok", wanted.name)
        else:
            yield Finding("warehouse", "missing", f"none is called {wanted.name}", todo)
    else:
        yield Finding("warehouse", "ok", "the deployment makes it")


def _viewers(workspace: WorkspaceClient, target: Target) -> Iterator[Finding]:
    for group in target.viewers:
        subject = f"group {group}"
        if group in _EVERYBODY:
            todo = "The dashboard shows everybody's listening and shopping: name a smaller group."
            yield Finding(subject, "optional", "is every user of the workspace", todo)
        elif group == _ADMINS:
            todo = "They may do everything anyway: leave them out of the permissions."
            yield Finding(subject, "missing", "permissions of administrators cannot be set", todo)
        elif list(workspace.groups.list(filter=f'displayName eq "{group}"', attributes="id,displayName")):
            yield Finding(subject, "ok", "may open what is deployed, as databricks.yml says")
        else:
            todo = "Make it (Settings, Identity and access, Groups), or name another in the permissions."
            yield Finding(subject, "missing", "the workspace has no such group", todo)


def _products(workspace: WorkspaceClient, target: Target) -> Iterator[Finding]:
    """What a workspace may be without: each is asked for the shortest list that it has."""
    if target.apps:
        todo = "Have an administrator allow Databricks Apps, or leave out resources/dashboard.app.yml."
        yield _available("Apps", lambda: workspace.apps.list(page_size=1), todo)
    if target.lakebase:
        todo = "Have an administrator allow Lakebase, or do with the secret database_url: docs/postgresql.md."
        yield _available("Lakebase", lambda: workspace.postgres.list_projects(page_size=1), todo)


def _available(name: str, ask: Callable[[], Iterator[object]], todo: str) -> Finding:
    try:
        next(ask(), None)
    except REFUSALS as error:
        return Finding(name, "missing", f"not to be had here: {said(error)}", todo)
    return Finding(name, "ok", "available")
