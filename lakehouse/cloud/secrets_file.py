"""Secrets of a file like `.env`, and of that alone: what the environment of a laptop holds is for the laptop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import SecretStr, create_model
from pydantic_settings import BaseSettings, DotEnvSettingsSource

from lakehouse.errors import SettingsError
from lakehouse.settings import SECRETS

OF_DASHBOARD = "dashboard_"
"""Begins the names of what the dashboard is given, whose users can read and no more."""

_FIELDS: dict[str, Any] = {name: (SecretStr | None, None) for one in SECRETS for name in (one, OF_DASHBOARD + one)}
_Secrets: type[BaseSettings] = create_model("_Secrets", __base__=BaseSettings, **_FIELDS)


def read_secrets(file: Path) -> dict[str, str]:
    """Read the secrets that a file gives, by the names of settings, and those of the dashboard.

    Raises
    ------
    SettingsError
        There is no such file, or it cannot be read.
    """
    if not file.is_file():
        raise SettingsError(
            f"There is no file {file}. Write the secrets into it, such as MONGODB_URI=..., or name one with --secrets."
        )
    try:
        given = DotEnvSettingsSource(_Secrets, env_file=file, env_ignore_empty=True)()
    except (OSError, ValueError) as error:
        raise SettingsError(f"{file} cannot be read: {type(error).__name__}.") from None
    return {name: str(given[name]) for name in _FIELDS if given.get(name)}
