"""The model registry: versions of a served model, each with its configuration, and who is champion.

A version is a model fitted to all data. Its tag `configuration` says how to make it anew; the alias `champion` is the
version that serves, `challenger` the newest configuration that did not win, or has not been judged yet.
"""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from pydantic import BaseModel

from lakehouse.errors import NothingToServeError
from lakehouse.settings import Settings
from lakehouse.tracking import all_found, tracking_client

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

log = logging.getLogger(__name__)

CHAMPION, CHALLENGER = "champion", "challenger"
CONFIGURATION, TRAINED_UNTIL, VERDICT = "configuration", "trained_until", "verdict"
SERVED_SINCE = "served_since"

C = TypeVar("C", bound=BaseModel)


@dataclass(frozen=True)
class Version(Generic[C]):
    """A registered version.

    Attributes
    ----------
    trained_until : date
        The newest day that it learned from.
    served_since : str
        When it became champion, ISO 8601 in UTC; empty if it never did.
    score : float
        What its configuration was measured at before it was fitted to everything.
    verdict : str
        Why it serves or does not, in one sentence.
    """

    number: str
    configuration: C
    trained_until: dt.date
    aliases: tuple[str, ...]
    served_since: str
    score: float
    verdict: str


class Registry(Generic[C]):
    """The versions of a registered model.

    Parameters
    ----------
    name : str
        Of the registered model.
    configuration : type
        What its versions are configured by.
    metric : str
        What scores them; the name of the tag that says it.
    """

    def __init__(self, settings: Settings, name: str, configuration: type[C], metric: str) -> None:
        self._name = name
        self._configuration = configuration
        self._metric = metric
        self._client = tracking_client(settings)

    def versions(self) -> list[Version[C]]:
        """All versions that this training can read, newest first."""
        name = self._name.replace("'", "")
        found = all_found(self._client.search_model_versions, filter_string=f"name='{name}'")
        # A search leaves aliases out.
        whole = [self._client.get_model_version(self._name, one.version) for one in found]
        versions = [version for one in whole if (version := self._version(one))]
        return sorted(versions, key=lambda version: int(version.number), reverse=True)

    def holder(self, alias: str) -> Version[C] | None:
        """The version that an alias names, if any: one request, however many versions there are."""
        from mlflow.exceptions import MlflowException

        try:
            found = self._client.get_model_version_by_alias(self._name, alias)
        except MlflowException as error:
            # The model is missing, or the alias; stores disagree on the code of the latter.
            if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                return None
            raise
        return self._version(found)

    def artifacts(self, version: Version[C], into: Path | None = None) -> Path:
        """Download the files of a version's model, to a folder for good if none is given."""
        from mlflow.artifacts import download_artifacts

        uri = f"models:/{self._name}/{version.number}"
        return Path(download_artifacts(artifact_uri=uri, dst_path=None if into is None else str(into))) / "artifacts"

    def describe(self, number: str, configuration: C, trained_until: dt.date, score: float, verdict: str) -> None:
        """Tag a version with how it came about."""
        for key, value in {
            CONFIGURATION: configuration.model_dump_json(),
            TRAINED_UNTIL: trained_until.isoformat(),
            self._metric: str(score),
            VERDICT: verdict,
        }.items():
            self._client.set_model_version_tag(self._name, number, key, value)

    def promote(self, number: str) -> None:
        """Make a version the champion."""
        now = dt.datetime.now(dt.UTC).isoformat(timespec="microseconds")
        self._client.set_model_version_tag(self._name, number, SERVED_SINCE, now)
        self._client.set_registered_model_alias(self._name, CHAMPION, number)

    def challenge(self, number: str) -> None:
        """Make a version the challenger."""
        self._client.set_registered_model_alias(self._name, CHALLENGER, number)

    def retire_challenger(self) -> None:
        """Take the challenger's alias away: its configuration serves now."""
        self._client.delete_registered_model_alias(self._name, CHALLENGER)

    def before_champion(self) -> Version[C]:
        """The version that served before the champion.

        Raises
        ------
        NothingToServeError
            There is none.
        """
        champion = self.holder(CHAMPION)
        served = [version for version in self.versions() if version.served_since]
        # A champion that was taken back already is one whose rollback was interrupted.
        until = champion.served_since if champion else ""
        earlier = [v for v in served if champion and (not until or v.served_since < until)]
        if not earlier:
            raise NothingToServeError("There is no version to go back to: at most one has served so far.")
        return max(earlier, key=lambda version: version.served_since)

    def take_back(self, number: str) -> None:
        """Forget that a version served, so that going back once more does not meet it again."""
        self._client.delete_model_version_tag(self._name, number, SERVED_SINCE)
        self._client.set_model_version_tag(self._name, number, VERDICT, "Rolled back.")

    def _version(self, found: ModelVersion) -> Version[C] | None:
        """Read a version; none if something else registered it, or a RecLake that knew other configurations."""
        try:
            return Version(
                str(found.version),
                self._configuration.model_validate_json(found.tags[CONFIGURATION]),
                dt.date.fromisoformat(found.tags[TRAINED_UNTIL]),
                tuple(found.aliases),
                found.tags.get(SERVED_SINCE, ""),
                float(found.tags[self._metric]),
                found.tags[VERDICT],
            )
        except (KeyError, ValueError):
            log.warning("version %s of %s cannot be read by this RecLake and is left aside", found.version, found.name)
            return None
