"""The quality pages: Great Expectations' Data Docs, with the newest check of each table."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lakehouse.settings import Settings

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuiteValidationResult
    from great_expectations.data_context.data_context.abstract_data_context import AbstractDataContext


def data_docs_index(settings: Settings) -> Path:
    """The page that lists the newest check of each table; it exists after the first check."""
    return _folder(settings) / "index.html"


def open_context(settings: Settings) -> AbstractDataContext:
    """A Great Expectations context that keeps results and pages in our files, and sends and shows nothing else."""
    # Read when the library is imported.
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    site = {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "store_backend": _files(_folder(settings)),
        "site_section_builders": {"expectations": "none", "profiling": "none"},
    }
    memory = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
    memory.stores[memory.validation_results_store_name]["store_backend"] = _files(_folder(settings) / "results")
    config = DataContextConfig(
        store_backend_defaults=memory,
        data_docs_sites={"pages": site},
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
    )
    return gx.get_context(mode="ephemeral", project_config=config)


def publish(
    context: AbstractDataContext,
    settings: Settings,
    results: Iterable[tuple[str, ExpectationSuiteValidationResult]],
    at: dt.datetime,
) -> None:
    """Put the results of checks, each under its run id, in the place of what the same tables had before."""
    from great_expectations.core.run_identifier import RunIdentifier
    from great_expectations.data_context.types.resource_identifiers import (
        ExpectationSuiteIdentifier,
        ValidationResultIdentifier,
    )

    store = context.validation_results_store
    keys = []
    for run_id, result in results:
        suite = ExpectationSuiteIdentifier(result.suite_name)
        # The library removes files and leaves their folders, more with every check.
        for part in ("results", "validations"):
            shutil.rmtree(_folder(settings).joinpath(part, *result.suite_name.split(".")), ignore_errors=True)
        run = RunIdentifier(run_name=run_id, run_time=at)
        result.meta |= {"run_id": run, "validation_time": at}
        keys.append(ValidationResultIdentifier(suite, run, batch_identifier=result.suite_name))
        store.set(keys[-1], result)
    context.build_data_docs(site_names=["pages"], resource_identifiers=keys)


def _folder(settings: Settings) -> Path:
    return settings.files / "quality"


def _files(folder: Path) -> dict[str, Any]:
    return {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)}
