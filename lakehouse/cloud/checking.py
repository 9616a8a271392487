"""Checks of a workspace: everything that a target needs and that is missing, at once and with what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from lakehouse.cloud.encoder import encoder_finding
from lakehouse.cloud.finding import Finding
from lakehouse.cloud.rights import catalog_findings
from lakehouse.cloud.values import is_principal
from lakehouse.cloud.workspace import REFUSALS, said

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.service.iam import User

    from lakehouse.cloud.target import Scope, Target

_EVERYBODY = ("account users", "users")


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
    """Whether the principal that jobs run as may read their scope."""
    reader = target.service_principal
    if scope.for_apps_alone or not reader or reader == me.user_name:
        return
    if reader not in {acl.principal for acl in workspace.secrets.list_acls(scope.name)}:
        todo = f"`reclake cloud prepare -t {target.name}` lets it."
        yield Finding(f"secrets {scope.name}", "missing", f"{reader} may not read it, and the jobs run as it", todo)


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
    group = target.viewers
    if not group:
        return
    if group in _EVERYBODY:
        todo = "The dashboard shows everybody's listening and shopping: --var viewers=GROUP for fewer."
        yield Finding("viewers", "optional", f"{group}: every user of the workspace", todo)
    elif list(workspace.groups.list(filter=f'displayName eq "{group}"', attributes="id,displayName")):
        yield Finding("viewers", "ok", f"the group {group} may open dashboard, jobs and models")
    else:
        todo = "Make it (Settings, Identity and access, Groups), or --var viewers=GROUP."
        yield Finding("viewers", "missing", f"the workspace has no group {group}", todo)


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
