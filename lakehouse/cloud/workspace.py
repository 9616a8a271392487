"""The workspace that somebody is signed in to."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from lakehouse.errors import SettingsError, said

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.service.iam import User

REFUSALS = (OSError, ValueError)
"""What the SDK raises: its own errors and those of the network are OSErrors, of its configuration ValueErrors."""
_ANSWER_SECONDS = 5
_PATIENT_SECONDS = 60


def signed_in(profile: str | None = None) -> tuple[WorkspaceClient, User]:
    """Sign in as the Databricks CLI does: a profile, the environment, or the profile DEFAULT.

    Raises
    ------
    SettingsError
        Nobody is signed in, or the workspace does not answer.
    """
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.config import Config

    # What it warns of is part of what it raises, or of no consequence.
    logging.getLogger("databricks.sdk").setLevel(logging.ERROR)
    try:
        # By default it tries for five minutes; whether somebody answers at all is known sooner.
        first = Config(profile=profile, http_timeout_seconds=_ANSWER_SECONDS, retry_timeout_seconds=_ANSWER_SECONDS)
        me = WorkspaceClient(config=first).current_user.me()
        return WorkspaceClient(config=Config(profile=profile, retry_timeout_seconds=_PATIENT_SECONDS)), me
    except TimeoutError:
        raise SettingsError(
            "The workspace does not answer. Check its address (DATABRICKS_HOST, or host in ~/.databrickscfg) and the "
            "network."
        ) from None
    except REFUSALS as error:
        raise SettingsError(
            f"You are not signed in to a workspace: {said(error)}. Run `databricks auth login --host "
            "https://YOUR-WORKSPACE`, or name a profile of ~/.databrickscfg with --profile."
        ) from None
