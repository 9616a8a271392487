"""A job as the local runner understands it: the fields that act here, and those that only a workspace acts on."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from lakehouse.jobs.bundle import JOB_ID

# Fields that say where, when, how long and on whose behalf a workspace runs something, and whom it tells. They do not
# change what is computed, so a laptop can leave them out. Every other unknown field is an error.
WORKSPACE_ONLY_IN_JOB = frozenset(
    {
        "budget_policy_id",
        "continuous",
        "email_notifications",
        "environments",
        "health",
        "job_clusters",
        "lifecycle",
        "max_concurrent_runs",
        "notification_settings",
        "performance_target",
        "permissions",
        "queue",
        "run_as",
        "schedule",
        "tags",
        "timeout_seconds",
        "trigger",
        "webhook_notifications",
    }
)
WORKSPACE_ONLY_IN_TASK = frozenset(
    {
        "compute",
        "disable_auto_optimization",
        "email_notifications",
        "environment_key",
        "existing_cluster_id",
        "health",
        "job_cluster_key",
        "libraries",
        "new_cluster",
        "notification_settings",
        "retry_on_timeout",
        "timeout_seconds",
        "webhook_notifications",
    }
)


class RunIf(StrEnum):
    """When a task runs, given how the tasks that it depends on ended."""

    ALL_SUCCESS = "ALL_SUCCESS"
    AT_LEAST_ONE_SUCCESS = "AT_LEAST_ONE_SUCCESS"
    NONE_FAILED = "NONE_FAILED"
    ALL_DONE = "ALL_DONE"
    AT_LEAST_ONE_FAILED = "AT_LEAST_ONE_FAILED"
    ALL_FAILED = "ALL_FAILED"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class Parameter(_Strict):
    """A parameter of a job; an empty default means not given."""

    name: str
    default: str


class Dependency(_Strict):
    """A task that has to end first."""

    task_key: str


class WheelTask(_Strict):
    """An entry point of the wheel and the text parameters that it is called with."""

    package_name: Literal["reclake"]
    entry_point: str
    named_parameters: dict[str, str] = Field(default_factory=dict)
    parameters: list[str] = Field(default_factory=list)


class RunJobTask(_Strict):
    """Another job of the bundle, run as one task."""

    job_id: str = Field(pattern=JOB_ID.pattern)
    job_parameters: dict[str, str] = Field(default_factory=dict)

    @property
    def job(self) -> str:
        """The key of the job."""
        return JOB_ID.sub(r"\1", self.job_id)


class TaskDefinition(_Strict):
    """One task of a job."""

    task_key: str
    description: str = ""
    depends_on: list[Dependency] = Field(default_factory=list)
    run_if: RunIf = RunIf.ALL_SUCCESS
    max_retries: int = Field(default=0, ge=-1)
    min_retry_interval_millis: int = Field(default=0, ge=0)
    python_wheel_task: WheelTask | None = None
    run_job_task: RunJobTask | None = None

    @property
    def needs(self) -> list[str]:
        """The keys of the tasks that have to end first."""
        return [dependency.task_key for dependency in self.depends_on]


class Job(_Strict):
    """A job: its parameters with their defaults and its tasks, in the order in which they can run one by one."""

    key: str
    name: str
    description: str = ""
    parameters: list[Parameter] = Field(default_factory=list)
    tasks: list[TaskDefinition] = Field(min_length=1)

    @property
    def defaults(self) -> dict[str, str]:
        """The parameters by name."""
        return {parameter.name: parameter.default for parameter in self.parameters}
