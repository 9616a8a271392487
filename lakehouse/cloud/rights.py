"""Rights in Unity Catalog: whether a catalog is there, and whether whoever is signed in may make schemas in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lakehouse.cloud.finding import Finding
from lakehouse.cloud.workspace import REFUSALS
from lakehouse.errors import said

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.service.iam import User

    from lakehouse.cloud.target import Target

_NEEDED = {"USE_CATALOG": "USE CATALOG", "CREATE_SCHEMA": "CREATE SCHEMA"}


def catalog_findings(workspace: WorkspaceClient, me: User, target: Target) -> Iterator[Finding]:
    """Say whether the catalog is there and a deployment may make its schemas."""
    from databricks.sdk.errors import NotFound, PermissionDenied

    catalog = str(target.catalog)
    subject, elsewhere = f"catalog {catalog}", "name another with --var catalog=NAME"
    try:
        found = workspace.catalogs.get(catalog)
    except (NotFound, PermissionDenied) as error:
        yield Finding(subject, "missing", said(error), f"`CREATE CATALOG {catalog}` in a SQL editor, or {elsewhere}.")
        return
    except REFUSALS as error:
        yield Finding(subject, "unknown", f"cannot be asked: {said(error)}", "Is Unity Catalog enabled here?")
        return
    names = _names(me)
    try:
        held = _held(workspace, catalog, names) | ({"ALL_PRIVILEGES"} if found.owner in names else set())
        there = {schema.name for schema in workspace.schemas.list(catalog)}
    except REFUSALS as error:
        todo = f"If a deployment fails here, ask {found.owner} for USE CATALOG and CREATE SCHEMA."
        yield Finding(subject, "unknown", f"your rights cannot be asked: {said(error)}", todo)
        return
    lacking = {name for name in _NEEDED if name not in held and "ALL_PRIVILEGES" not in held}
    if target.schemas and there.issuperset(target.schemas):
        lacking.discard("CREATE_SCHEMA")
    if lacking:
        rights = ", ".join(_NEEDED[name] for name in _NEEDED if name in lacking)
        grant = f"Have {found.owner} GRANT {rights} ON CATALOG {catalog} TO `{me.user_name}`, or {elsewhere}."
        yield Finding(subject, "missing", f"neither you nor your groups have {rights}", grant)
    else:
        made = "with the schemas of the target" if there.issuperset(target.schemas) else "you may make schemas"
        yield Finding(subject, "ok", made)


def _names(me: User) -> set[str]:
    """Under which names somebody may have been granted something."""
    return {me.user_name or "", "account users", *(group.display or "" for group in me.groups or ())} - {""}


def _held(workspace: WorkspaceClient, catalog: str, names: set[str]) -> set[str]:
    held: set[str] = set()
    token: str | None = None
    while True:
        # 0 asks for pages; without it the answer will once be refused.
        page = workspace.grants.get_effective("CATALOG", catalog, max_results=0, page_token=token)
        for assignment in page.privilege_assignments or ():
            if assignment.principal in names:
                held |= {one.privilege.value for one in assignment.privileges or () if one.privilege}
        token = page.next_page_token
        if not token:
            return held
