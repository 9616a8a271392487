"""Values of a target: what the variables of a bundle are given and who is signed in, as the Databricks CLI takes it."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lakehouse.errors import JobDefinitionError
from lakehouse.jobs.bundle import read_bundle

if TYPE_CHECKING:
    from databricks.sdk.service.iam import User

    from lakehouse.jobs.bundle import Bundle

_ENVIRONMENT = "BUNDLE_VAR_"


def bundle_for(
    file: Path, target: str | None, said: Mapping[str, str], environment: Mapping[str, str], me: User
) -> Bundle:
    """Read a bundle for a target, with the values that the CLI would have for whoever is signed in.

    Parameters
    ----------
    target : str, optional
        By default the target that the bundle calls its default.
    said : mapping of str to str
        Values of variables from the command line; they come before the environment's `BUNDLE_VAR_name`, that before
        the file `.databricks/bundle/<target>/variable-overrides.json`, and that before the bundle.

    Raises
    ------
    JobDefinitionError
        There is no such target or variable, or a file cannot be read.
    """
    target = target or _default_target(file)
    bundle = read_bundle(file, target)
    declared = bundle.root.get("variables", {})
    if unknown := sorted(said.keys() - declared.keys()):
        raise JobDefinitionError(f"{file} has no variable {unknown[0]!r}; it has {', '.join(declared)}.")
    in_environment = {n: environment[_ENVIRONMENT + n] for n in declared if _ENVIRONMENT + n in environment}
    given = {f"var.{name}": value for name, value in {**_overrides(file, target), **in_environment, **said}.items()}
    given |= {f"workspace.current_user.{name}": value for name, value in {"id": me.id or "", **names_of(me)}.items()}
    bundle = replace(bundle, given=given)
    return replace(bundle, given=given | _prefixed_schemas(bundle, names_of(me)))


def missing_variables(bundle: Bundle) -> dict[str, str]:
    """The variables without a value, which the CLI would refuse to deploy without, and what they are for."""
    of_target = bundle.root["targets"][bundle.target].get("variables") or {}

    def has_value(name: str, declared: Any) -> bool:
        places = [of_target.get(name), (declared or {}).get("default"), (declared or {}).get("lookup")]
        return f"var.{name}" in bundle.given or any(place is not None for place in places)

    declared = bundle.root.get("variables", {})
    return {name: str((one or {}).get("description", "")) for name, one in declared.items() if not has_value(name, one)}


def lookup_of(bundle: Bundle, variable: str) -> Mapping[str, str] | None:
    """What a variable is looked up by, such as the name of a warehouse; none where a value is given."""
    of_target = (bundle.root["targets"][bundle.target].get("variables") or {}).get(variable)
    declared = bundle.root.get("variables", {}).get(variable) or {}
    if f"var.{variable}" in bundle.given:
        return None
    found = of_target.get("lookup") if isinstance(of_target, Mapping) else None
    return found or (declared.get("lookup") if of_target is None else None)


def names_of(me: User) -> dict[str, str]:
    """What the CLI calls whoever is signed in.

    Examples
    --------
    >>> from databricks.sdk.service.iam import User
    >>> names_of(User(user_name="Anna.Müller@example.com"))
    {'userName': 'Anna.Müller@example.com', 'short_name': 'anna_müller', 'domain_friendly_name': 'anna-muller'}
    """
    user = me.user_name or ""
    called = me.display_name if is_principal(user) and me.display_name else user
    short = _normalised(called.partition("@")[0])
    plain = "".join(c for c in unicodedata.normalize("NFD", short) if unicodedata.category(c) != "Mn")
    return {
        "userName": user,
        "short_name": short,
        "domain_friendly_name": re.sub(r"[^a-z0-9]", "-", plain.lower()),
    }


def is_principal(name: str) -> bool:
    """Whether a name is a service principal's, which is called by its application id."""
    try:
        UUID(name)
    except ValueError:
        return False
    return True


def _default_target(file: Path) -> str:
    targets = read_bundle(file).root["targets"]
    defaults = [name for name, target in targets.items() if (target or {}).get("default")]
    if not defaults:
        raise JobDefinitionError(f"{file} has no default target: say which with --target ({', '.join(targets)}).")
    return str(defaults[0])


def _overrides(file: Path, target: str) -> dict[str, Any]:
    overrides = file.parent / ".databricks" / "bundle" / target / "variable-overrides.json"
    if not overrides.is_file():
        return {}
    try:
        found = json.loads(overrides.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise JobDefinitionError(f"{overrides} cannot be read: {error}.") from None
    if not isinstance(found, dict):
        raise JobDefinitionError(f'{overrides} has to be an object such as {{"catalog": "main"}}.')
    return found


def _prefixed_schemas(bundle: Bundle, user: Mapping[str, str]) -> dict[str, str]:
    """Names of schemas as deployed: presets and development mode put something before them."""
    of_target = bundle.root["targets"][bundle.target]
    presets = (bundle.root.get("presets") or {}) | (of_target.get("presets") or {})
    development = f"[dev {user['short_name']}] " if of_target.get("mode") == "development" else ""
    prefix = str(bundle.resolve(presets.get("name_prefix") or development, bundle.file))
    if not prefix:
        return {}
    # The CLI ends a prefix in brackets with an underscore, so that it stands apart.
    before = _normalised(prefix) + ("_" if prefix.strip().endswith("]") else "")
    schemas = bundle.resources.get("schemas", {})
    names = {key: bundle.resolve(one.content["name"], one.file) for key, one in schemas.items()}
    return {f"resources.schemas.{key}.name": f"{before}{name}" for key, name in names.items()}


def _normalised(text: str) -> str:
    """Lower case, and one underscore for all that is neither letter nor digit."""
    return re.sub(r"_+", "_", "".join(c if c.isalnum() else "_" for c in text.lower())).strip("_")
