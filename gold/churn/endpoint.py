"""The serving endpoint of the churn model on Databricks: it serves a version, so it is told when another one serves."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from gold.churn.registered import champion_version
from lakehouse.errors import ServiceError, said
from lakehouse.settings import Settings

if TYPE_CHECKING:
    from databricks.sdk.service.serving import ServedEntityInput, ServingEndpointDetailed, TrafficConfig

log = logging.getLogger(__name__)


def serve_champion(settings: Settings) -> None:
    """Let `churn_endpoint`, where there is to be one, serve the champion; what a training could not do, the next does.

    Raises
    ------
    ServiceError
        The workspace refuses.
    """
    if settings.churn_endpoint:
        serve(settings.churn_endpoint, settings.churn_model, champion_version(settings).number)


def serve(endpoint: str, model: str, version: str) -> None:
    """Let an endpoint serve a version and nothing else; one that is not there is made, and costs nothing while unused.

    The workspace takes minutes for it, which nobody waits for: until then the version before goes on serving.

    Raises
    ------
    ServiceError
        The workspace refuses.
    """
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.errors import NotFound
    from databricks.sdk.errors.base import DatabricksError
    from databricks.sdk.service.serving import EndpointCoreConfigInput

    try:
        endpoints = WorkspaceClient().serving_endpoints
        entities, traffic = _configuration(model, version)
        try:
            served = _served(endpoints.get(endpoint))
        except NotFound:
            config = EndpointCoreConfigInput(name=endpoint, served_entities=entities, traffic_config=traffic)
            endpoints.create(endpoint, config=config)
        else:
            if served != {(model, version)}:
                endpoints.update_config(endpoint, served_entities=entities, traffic_config=traffic)
    except (DatabricksError, ValueError) as error:
        raise ServiceError(
            f"The endpoint {endpoint} does not serve version {version} of {model}: {said(error)}. The "
            "next training tries again; CHURN_ENDPOINT empty does without an endpoint."
        ) from None
    log.info("the endpoint %s serves version %s of %s", endpoint, version, model)


def _served(endpoint: ServingEndpointDetailed) -> set[tuple[str | None, str | None]]:
    """Name and version of what is served, or will be once the update that goes on is done."""
    config = endpoint.pending_config or endpoint.config
    return {(one.entity_name, one.entity_version) for one in (config and config.served_entities) or ()}


def _configuration(model: str, version: str) -> tuple[list[ServedEntityInput], TrafficConfig]:
    from databricks.sdk.service.serving import Route, ServedEntityInput, TrafficConfig

    name = f"churn-{version}"
    entity = ServedEntityInput(
        name=name,
        entity_name=model,
        entity_version=version,
        workload_size="Small",
        scale_to_zero_enabled=True,
    )
    return [entity], TrafficConfig(routes=[Route(served_model_name=name, traffic_percentage=100)])
