"""How a job runs: order, conditions, retries, parameters, jobs within jobs."""

import pytest

from lakehouse.errors import JobDefinitionError, QualityGateError, ServiceError
from lakehouse.jobs.conditions import verdict
from lakehouse.jobs.model import Job, RunIf
from lakehouse.jobs.result import State, TaskEnded, TaskRetried, TaskStarted
from lakehouse.jobs.runner import run_job


def wheel(key, *needs, named=None, **more):
    work = {"package_name": "reclake", "entry_point": key, "named_parameters": named or {}}
    return {"task_key": key, "depends_on": [{"task_key": n} for n in needs], "python_wheel_task": work, **more}


def run_of(job, *needs, **parameters):
    work = {"job_id": f"${{resources.jobs.{job}.id}}", "job_parameters": parameters}
    return {"task_key": f"run_{job}", "depends_on": [{"task_key": n} for n in needs], "run_job_task": work}


def jobs_of(**jobs):
    return {key: Job.model_validate({"key": key, "name": key.upper(), **content}) for key, content in jobs.items()}


def one(*tasks, **defaults):
    return jobs_of(j={"tasks": list(tasks), "parameters": [{"name": n, "default": v} for n, v in defaults.items()]})


class Recorder:
    """Executes tasks by noting them; `faults` are raised by the named task, one per attempt."""

    def __init__(self, **faults):
        self.calls = []
        self.faults = {name: list(errors) for name, errors in faults.items()}

    def __call__(self, entry_point, parameters):
        self.calls.append((entry_point, dict(parameters)))
        if self.faults.get(entry_point):
            raise self.faults[entry_point].pop(0)

    @property
    def names(self):
        return [name for name, _ in self.calls]


def states(run):
    return {task.name: task.state for task in run.tasks}


def test_tasks_run_one_after_another():
    recorder = Recorder()

    run = run_job(one(wheel("a"), wheel("b", "a"), wheel("c", "b")), "j", recorder)

    assert recorder.names == ["a", "b", "c"]
    assert run.state is State.SUCCESS
    assert [(t.attempts, t.error) for t in run.tasks] == [(1, None)] * 3


def test_what_needs_a_failed_task_is_skipped_and_the_rest_runs():
    recorder = Recorder(a=[ValueError("no")])

    run = run_job(one(wheel("a"), wheel("b", "a"), wheel("c", "b"), wheel("d")), "j", recorder)

    assert states(run) == {
        "a": State.FAILED,
        "b": State.UPSTREAM_FAILED,
        "c": State.UPSTREAM_FAILED,
        "d": State.SUCCESS,
    }
    assert run.state is State.FAILED
    assert [str(task.error) for task in run.failed] == ["no"]


S, F, U, X = State.SUCCESS, State.FAILED, State.UPSTREAM_FAILED, State.EXCLUDED


@pytest.mark.parametrize(
    ("run_if", "upstream", "expected"),
    [
        *[(run_if, [], None) for run_if in RunIf],
        *[(run_if, [X, X], X) for run_if in RunIf],
        (RunIf.ALL_SUCCESS, [S, S], None),
        (RunIf.ALL_SUCCESS, [S, F], U),
        (RunIf.ALL_SUCCESS, [S, U], U),
        (RunIf.ALL_SUCCESS, [S, X], U),
        (RunIf.AT_LEAST_ONE_SUCCESS, [S, F], None),
        (RunIf.AT_LEAST_ONE_SUCCESS, [F, U], U),
        (RunIf.AT_LEAST_ONE_SUCCESS, [F, X], U),
        (RunIf.NONE_FAILED, [S, X], None),
        (RunIf.NONE_FAILED, [S, S], None),
        (RunIf.NONE_FAILED, [S, F], U),
        (RunIf.NONE_FAILED, [S, U], U),
        (RunIf.ALL_DONE, [F, U], None),
        (RunIf.ALL_DONE, [S, X], None),
        (RunIf.AT_LEAST_ONE_FAILED, [S, F], None),
        (RunIf.AT_LEAST_ONE_FAILED, [S, U], None),
        (RunIf.AT_LEAST_ONE_FAILED, [S, S], X),
        (RunIf.ALL_FAILED, [F, U], None),
        (RunIf.ALL_FAILED, [S, F], X),
        (RunIf.ALL_FAILED, [F, X], X),
    ],
)
def test_run_if_decides_as_databricks_does(run_if, upstream, expected):
    assert verdict(run_if, upstream) is expected


def test_a_failure_that_a_later_task_deals_with_is_not_the_jobs():
    jobs = one(wheel("a"), wheel("clean", "a", run_if="AT_LEAST_ONE_FAILED"))

    failing = run_job(jobs, "j", Recorder(a=[ValueError()]))
    sound = run_job(jobs, "j", Recorder())

    assert failing.state is State.SUCCESS_WITH_FAILURES
    assert [task.name for task in failing.failed] == ["a"]
    assert states(sound) == {"a": State.SUCCESS, "clean": State.EXCLUDED}
    assert sound.state is State.SUCCESS


def test_a_task_is_tried_again_after_its_interval():
    events, waits = [], []
    jobs = one(wheel("a", max_retries=2, min_retry_interval_millis=60_000))

    run = run_job(jobs, "j", Recorder(a=[ValueError(), OSError()]), on_event=events.append, sleep=waits.append)

    assert (run.state, run.tasks[0].attempts) == (State.SUCCESS, 3)
    assert waits == [pytest.approx(60, abs=1)] * 2
    assert [type(e) for e in events] == [TaskStarted, TaskRetried, TaskStarted, TaskRetried, TaskStarted, TaskEnded]


@pytest.mark.parametrize(
    ("error", "attempts"),
    [(ValueError(), 3), (ServiceError(), 3), (SystemExit(0), 3), (QualityGateError(), 1)],
)
def test_only_what_another_attempt_may_mend_is_retried(error, attempts):
    run = run_job(one(wheel("a", max_retries=2)), "j", Recorder(a=[error] * 9))

    assert (run.state, run.tasks[0].attempts, run.tasks[0].error) == (State.FAILED, attempts, error)


def test_minus_one_retries_without_end():
    run = run_job(one(wheel("a", max_retries=-1)), "j", Recorder(a=[ValueError()] * 20))

    assert run.tasks[0].attempts == 21


def test_an_interrupt_ends_the_run_at_once():
    recorder = Recorder(a=[KeyboardInterrupt()])

    with pytest.raises(KeyboardInterrupt):
        run_job(one(wheel("a", max_retries=9), wheel("b")), "j", recorder)

    assert recorder.names == ["a"]


def test_parameters_of_the_job_reach_every_task_and_win():
    recorder = Recorder()
    jobs = one(
        wheel("a", named={"x": "task's", "layer": "{{ job.parameters.x }}/{{task.name}}/{{job.name}}"}), x="job's", y=""
    )

    run_job(jobs, "j", recorder, parameters={"y": "given"})

    assert recorder.calls == [("a", {"x": "job's", "y": "given", "layer": "job's/a/J"})]


def test_the_run_has_one_id():
    recorder = Recorder()

    run = run_job(one(wheel("a", named={"run": "{{job.run_id}}"})), "j", recorder)

    assert recorder.calls == [("a", {"run": run.run_id})]


def test_a_task_without_a_named_parameter_gets_none_of_the_jobs():
    recorder = Recorder()

    run_job(one(wheel("a"), x="job's"), "j", recorder)

    assert recorder.calls == [("a", {})]


def test_positional_parameters_are_all_that_such_a_task_gets():
    recorder = Recorder()
    work = {"package_name": "reclake", "entry_point": "a", "parameters": ["--x={{job.parameters.y}}", "--z=a=b"]}

    run_job(one({"task_key": "a", "python_wheel_task": work}, y="1"), "j", recorder)

    assert recorder.calls == [("a", {"x": "1", "z": "a=b"})]


def test_a_job_within_a_job_takes_the_parameters_that_it_declares():
    recorder = Recorder()
    jobs = jobs_of(
        parent={
            "parameters": [{"name": n, "default": f"parent's {n}"} for n in ("shared", "own")],
            "tasks": [run_of("child", shared="task's", extra="{{job.parameters.own}}")],
        },
        child={
            "parameters": [{"name": n, "default": f"child's {n}"} for n in ("shared", "extra", "rest")],
            "tasks": [wheel("a", named={"own": "a's"})],
        },
    )

    run = run_job(jobs, "parent", recorder, parameters={"shared": "given"})

    given = {"shared": "given", "extra": "parent's own", "rest": "child's rest"}
    assert recorder.calls == [("a", {"own": "a's", **given})]
    assert states(run) == {"run_child / a": State.SUCCESS}


def test_a_failed_job_within_a_job_stops_what_needs_it():
    jobs = jobs_of(
        parent={"tasks": [run_of("first"), run_of("second", "run_first")]},
        first={"tasks": [wheel("a"), wheel("b", "a")]},
        second={"tasks": [wheel("c")]},
    )

    run = run_job(jobs, "parent", Recorder(a=[ValueError()]))

    assert states(run) == {
        "run_first / a": State.FAILED,
        "run_first / b": State.UPSTREAM_FAILED,
        "run_second": State.UPSTREAM_FAILED,
    }
    assert run.state is State.FAILED


def test_only_the_named_tasks_run_as_if_the_others_were_not_there():
    recorder = Recorder()

    run = run_job(one(wheel("a"), wheel("b", "a"), wheel("c", "b")), "j", recorder, only=["b", "c"])

    assert (recorder.names, run.state) == (["b", "c"], State.SUCCESS)


@pytest.mark.parametrize(
    ("name", "more", "message"),
    [
        ("k", {}, "There is no job 'k'. The jobs are:\n  j: "),
        ("j", {"parameters": {"z": "1"}}, "Job j has no parameter 'z'; it has x"),
        ("j", {"parameters": {"x": "{{tasks.a.values.n}}"}}, "does not know {{tasks.a.values.n}} here"),
        ("j", {"only": ["z"]}, "Job j has no task 'z'; it has a"),
    ],
)
def test_what_cannot_be_run_is_told_before_anything_runs(name, more, message):
    recorder = Recorder()

    with pytest.raises(JobDefinitionError) as error:
        run_job(one(wheel("a"), x=""), name, recorder, **more)

    assert message in str(error.value)
    assert recorder.calls == []
