"""Lakebase: the PostgreSQL of a Databricks workspace, opened with the identity that the run has."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from lakehouse.errors import SettingsError

if TYPE_CHECKING:
    from databricks.sdk.service.postgres import Endpoint, PostgresAPI


def lakebase_url(project: str, database: str) -> str:
    """Return a URL for the default branch of a project, with a token for a password that is valid for an hour.

    Raises
    ------
    SettingsError
        The workspace does not know the project, or does not let this identity use it.
    """
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.errors.base import DatabricksError

    try:
        workspace = WorkspaceClient()
        endpoint = _read_write(workspace.postgres, project)
        name = endpoint and endpoint.name
        token = workspace.postgres.generate_database_credential(name).token if name else None
        user = workspace.current_user.me().user_name
    except (DatabricksError, ValueError) as error:
        raise SettingsError(
            f"LAKEBASE_PROJECT {project} cannot be used: {error}. Check its name and that this identity may use it."
        ) from None
    host = endpoint and endpoint.status and endpoint.status.hosts and endpoint.status.hosts.host
    if not (host and token and user):
        raise SettingsError(f"The Lakebase project {project} has no address yet. Wait until it is available.")
    return f"postgresql://{quote(user, safe='')}:{quote(token, safe='')}@{host}:5432/{database}?sslmode=require"


def _read_write(postgres: PostgresAPI, project: str) -> Endpoint | None:
    """The endpoint of the default branch that can be written to; a branch has one."""
    from databricks.sdk.service.postgres import EndpointType

    branches = postgres.list_branches(f"projects/{project}")
    default = next((one.name for one in branches if one.name and one.status and one.status.default), None)
    for endpoint in postgres.list_endpoints(default) if default else ():
        if endpoint.status and endpoint.status.endpoint_type is EndpointType.ENDPOINT_TYPE_READ_WRITE:
            return endpoint
    return None
