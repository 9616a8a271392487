"""Lakebase: the PostgreSQL of a Databricks workspace, opened with the identity that the run has."""

from __future__ import annotations

from urllib.parse import quote

from lakehouse.errors import SettingsError


def lakebase_url(instance: str, database: str) -> str:
    """Return a URL for an instance, with a token for a password that is valid for an hour.

    Raises
    ------
    SettingsError
        The workspace does not know the instance, or does not let this identity use it.
    """
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.errors.base import DatabricksError

    try:
        workspace = WorkspaceClient()
        host = workspace.database.get_database_instance(instance).read_write_dns
        token = workspace.database.generate_database_credential(instance_names=[instance]).token
        user = workspace.current_user.me().user_name
    except (DatabricksError, ValueError) as error:
        raise SettingsError(
            f"LAKEBASE_INSTANCE {instance} cannot be used: {error}. Check its name and that this identity may use it."
        ) from None
    if not (host and token and user):
        raise SettingsError(f"The Lakebase instance {instance} has no address yet. Wait until it is available.")
    return f"postgresql://{quote(user, safe='')}:{quote(token, safe='')}@{host}:5432/{database}?sslmode=require"
