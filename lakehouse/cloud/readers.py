"""Who may do what with a secret scope, and who has to."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.service.iam import User

    from lakehouse.cloud.target import Scope, Target

_PERMISSIONS = ("READ", "WRITE", "MANAGE")
"""Each includes those before it."""


def principals_of(target: Target, me: User, scope: Scope) -> dict[str, str]:
    """What a target's service principal needs: jobs read; who deploys an app that names secrets lets it read them."""
    principal = target.service_principal
    if not principal or principal == me.user_name:
        return {}
    if scope.for_apps_alone:
        return {principal: "MANAGE"} if scope.required else {}
    return {principal: "READ"}


def held_by(workspace: WorkspaceClient, scope: Scope) -> dict[str, str]:
    """The permission of each principal on a scope; only who manages it may ask."""
    acls = workspace.secrets.list_acls(scope.name)
    return {acl.principal: acl.permission.value for acl in acls if acl.principal and acl.permission}


def suffices(held: str | None, needed: str) -> bool:
    """Whether a permission includes another.

    Examples
    --------
    >>> suffices("MANAGE", "READ"), suffices("READ", "MANAGE"), suffices(None, "READ")
    (True, False, False)
    """
    return held is not None and _PERMISSIONS.index(held) >= _PERMISSIONS.index(needed)
