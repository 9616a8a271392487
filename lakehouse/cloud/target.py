"""A target: what a bundle, resolved for it, needs of a workspace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lakehouse.cloud.secrets_file import OF_DASHBOARD
from lakehouse.cloud.values import lookup_of, missing_variables
from lakehouse.errors import JobDefinitionError
from lakehouse.settings import SECRETS

if TYPE_CHECKING:
    from lakehouse.jobs.bundle import Bundle, Resource

_LAKEBASE = ("postgres_projects", "database_instances")
_READ_BY_APPS = ("churn_api_key", "database_url", "mongodb_uri")
_SHARED = ("churn_api_key",)


@dataclass(frozen=True)
class Scope:
    """A secret scope.

    Attributes
    ----------
    required, optional : tuple of str
        Keys that have to be in it, and keys that may be.
    apps : tuple of str
        Names of the apps that read it.
    for_apps_alone : bool
        Whether no job reads it.
    """

    name: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    apps: tuple[str, ...]
    for_apps_alone: bool

    @property
    def keys(self) -> tuple[str, ...]:
        """Every key that something reads."""
        return (*self.required, *self.optional)

    def source(self, key: str) -> str:
        """Under which name a file of secrets gives a key: an app of its own scope has users of its own in stores.

        Examples
        --------
        >>> Scope("lake-app", (), ("mongodb_uri",), ("dashboard",), True).source("mongodb_uri")
        'dashboard_mongodb_uri'
        """
        own = self.for_apps_alone and key not in _SHARED and not key.startswith(OF_DASHBOARD)
        return f"{OF_DASHBOARD}{key}" if own else key


@dataclass(frozen=True)
class Warehouse:
    """A SQL warehouse: by its id, by a name to look up, or made by the deployment itself."""

    id: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class Target:
    """What a target needs; None or empty is what it does without, or what is not known for want of a value.

    Attributes
    ----------
    missing : mapping of str to str
        Variables without a value, and what they are for.
    schemas : tuple of str
        As deployed, without their catalog.
    text_encoder : str
        Folder of the sentence encoder.
    viewers : tuple of str
        Groups that may look at or do something with what is deployed.
    """

    name: str
    missing: Mapping[str, str]
    catalog: str | None
    schemas: tuple[str, ...]
    text_encoder: str | None
    scopes: tuple[Scope, ...]
    warehouse: Warehouse | None
    viewers: tuple[str, ...]
    service_principal: str | None
    apps: bool
    lakebase: bool


def target_of(bundle: Bundle) -> Target:
    """Read from a bundle what its target needs.

    Raises
    ------
    JobDefinitionError
        The target is not for a workspace: it has no catalog.
    """
    missing, catalog = missing_variables(bundle), _variable(bundle, "catalog")
    if not catalog and "catalog" not in missing:
        others = ", ".join(name for name in bundle.root["targets"] if name != bundle.target)
        raise JobDefinitionError(f"Target {bundle.target} is not deployed to a workspace; say --target with {others}.")
    kinds = bundle.resources
    schemas = [_text(bundle, f"${{resources.schemas.{key}.name}}") for key in kinds.get("schemas", {})]
    return Target(
        name=bundle.target,
        missing=missing,
        catalog=catalog,
        schemas=tuple(name for name in schemas if name),
        text_encoder=_variable(bundle, "text_encoder"),
        scopes=tuple(_scopes(bundle)),
        warehouse=_warehouse(bundle),
        viewers=tuple(_viewers(bundle)),
        service_principal=_variable(bundle, "service_principal"),
        apps=bool(kinds.get("apps")),
        lakebase=any(kinds.get(kind) for kind in _LAKEBASE),
    )


def _scopes(bundle: Bundle) -> Iterator[Scope]:
    """The scope of the jobs, and those of apps; apps that share one with the jobs add their keys to it."""
    required: dict[str, set[str]] = {}
    optional: dict[str, set[str]] = {}
    readers: dict[str, set[str]] = {}
    of_jobs = _variable(bundle, "secret_scope")
    if of_jobs:
        required[of_jobs] = set(_required_by_jobs(bundle))
        optional[of_jobs] = set(SECRETS)
    for app in bundle.resources.get("apps", {}).values():
        name = _text(bundle, app.content.get("name")) or ""
        for scope, key in _declared(bundle, app):
            required.setdefault(scope, set()).add(key)
            readers.setdefault(scope, set()).add(name)
        if own := _read_at_run_time(bundle, app):
            optional.setdefault(own, set()).update(_READ_BY_APPS)
            readers.setdefault(own, set()).add(name)
    for scope in dict.fromkeys([*required, *optional]):
        needed = required.get(scope, set())
        others = optional.get(scope, set()) - needed
        apps = tuple(sorted(readers.get(scope, ())))
        yield Scope(scope, tuple(sorted(needed)), tuple(sorted(others)), apps, scope != of_jobs)


def _required_by_jobs(bundle: Bundle) -> Iterator[str]:
    yield "mongodb_uri"
    if str(_variable(bundle, "kafka_security_protocol")).startswith("SASL"):
        yield from ("kafka_api_key", "kafka_api_secret")
    if not any(bundle.resources.get(kind) for kind in _LAKEBASE):
        yield "database_url"


def _declared(bundle: Bundle, app: Resource) -> Iterator[tuple[str, str]]:
    """Scope and key of each secret that an app names; a deployment fails where one is missing."""
    for resource in app.content.get("resources") or ():
        if secret := resource.get("secret"):
            scope, key = _text(bundle, secret.get("scope")), _text(bundle, secret.get("key"))
            if scope and key:
                yield scope, key


def _read_at_run_time(bundle: Bundle, app: Resource) -> str | None:
    entries = (app.content.get("config") or {}).get("env") or ()
    return next((_text(bundle, entry.get("value")) for entry in entries if entry.get("name") == "SECRET_SCOPE"), None)


def _warehouse(bundle: Bundle) -> Warehouse | None:
    if lookup := lookup_of(bundle, "dashboard_warehouse"):
        return Warehouse(name=lookup.get("warehouse"))
    if warehouse := _variable(bundle, "dashboard_warehouse"):
        return Warehouse(id=warehouse)
    return Warehouse() if bundle.resources.get("sql_warehouses") else None


def _viewers(bundle: Bundle) -> Iterator[str]:
    """Groups among the permissions of the bundle and of its target."""
    # Beside a group may stand a principal that nobody has given yet.
    known = replace(bundle, given={**{f"var.{name}": "" for name in missing_variables(bundle)}, **bundle.given})
    for place in (bundle.root, bundle.root["targets"][bundle.target]):
        for permission in known.resolve(place.get("permissions"), bundle.file) or ():
            if group := permission.get("group_name"):
                yield str(group)


def _variable(bundle: Bundle, name: str) -> str | None:
    return _text(bundle, f"${{var.{name}}}") if name in bundle.root.get("variables", {}) else None


def _text(bundle: Bundle, written: Any) -> str | None:
    """A value as text; none where it is empty, looked up, or known only after a deployment."""
    if written is None:
        return None
    try:
        value = bundle.resolve(written, bundle.file)
    except JobDefinitionError:
        return None
    return None if isinstance(value, Mapping | list) or value in ("", None) else str(value)
