"""What the local runner understands of a bundle, and how it refuses the rest."""

import pytest

from lakehouse.errors import JobDefinitionError
from lakehouse.jobs.bundle import find_bundle, read_bundle
from lakehouse.jobs.definition import load_jobs
from lakehouse.jobs.strict_yaml import read_yaml

ROOT = """
bundle: {name: lake}
include: [resources/*.yml]
variables:
  catalog: {description: a, default: main}
  path: {description: b, default: "/${var.catalog}/${resources.schemas.gold.name}"}
  retries: {description: c, default: 2}
  needed: {description: d}
  circular: {description: e, default: "${var.circular}"}
targets:
  local: {variables: {catalog: ""}}
  prod:
resources:
  schemas:
    gold: {name: "${bundle.target}_gold", catalog_name: "${var.catalog}"}
"""
WHEEL = "python_wheel_task: {package_name: reclake, entry_point: work, named_parameters: {}}"


@pytest.fixture
def write(tmp_path):
    def write_bundle(job, root=ROOT, name="jobs.yml"):
        (tmp_path / "resources").mkdir(exist_ok=True)
        (tmp_path / "databricks.yml").write_text(root)
        (tmp_path / "resources" / name).write_text(job)
        return tmp_path / "databricks.yml"

    return write_bundle


def one_job(tasks, more=""):
    return f"resources:\n  jobs:\n    j:\n      name: J\n      {more}\n      tasks: [{tasks}]\n"


def task(key="a", more="", work=WHEEL):
    return "{" + ", ".join(part for part in (f"task_key: {key}", more, work) if part) + "}"


def test_references_resolve_under_the_target(write):
    file = write(
        one_job(task(more='max_retries: "${var.retries}"'), 'parameters: [{name: volume, default: "${var.path}"}]')
    )

    local, prod = load_jobs(file)["j"], load_jobs(file, "prod")["j"]

    assert local.defaults == {"volume": "//local_gold"}
    assert prod.defaults == {"volume": "/main/prod_gold"}
    assert local.tasks[0].max_retries == 2


def test_resources_of_a_target_are_in_no_other(write):
    own = "prod:\n    resources: {database_instances: {db: {name: reclake}}}"
    file = write(one_job(task()), root=ROOT.replace("prod:", own))

    assert "database_instances" not in read_bundle(file).resources
    assert read_bundle(file, "prod").resources["database_instances"]["db"].content == {"name": "reclake"}


def test_a_complex_variable_stands_for_a_whole_part_of_a_job(write):
    shared = """
  shared:
    type: complex
    default: [{name: catalog, default: "${var.catalog}"}, {name: volume, default: "${var.path}"}]
targets:"""
    file = write(one_job(task(), 'parameters: "${var.shared}"'), root=ROOT.replace("\ntargets:", shared))

    assert load_jobs(file)["j"].defaults == {"catalog": "", "volume": "//local_gold"}
    assert load_jobs(file, "prod")["j"].defaults == {"catalog": "main", "volume": "/main/prod_gold"}


def test_a_target_gives_a_complex_variable_whole_bare_or_as_its_default(write):
    root = ROOT.replace("local: {variables: {", "local: {variables: {shared: [{name: x, default: a}], ")
    root = root.replace("prod:", "prod: {variables: {shared: {type: complex, default: [{name: y, default: b}]}}}")
    more = "variables: {shared: {type: complex, default: []}}\n"
    file = write(more + one_job(task(), 'parameters: "${var.shared}"'), root=root)

    assert [load_jobs(file, target)["j"].defaults for target in ("local", "prod")] == [{"x": "a"}, {"y": "b"}]


def test_a_target_says_otherwise_about_one_task_of_a_job(write):
    own = "prod: {resources: {jobs: {j: {tasks: [{task_key: b, max_retries: 5}]}}}}"
    file = write(one_job(f"{task('a')}, {task('b', 'max_retries: 1')}"), root=ROOT.replace("prod:", own))

    retries = {target: [t.max_retries for t in load_jobs(file, target)["j"].tasks] for target in ("local", "prod")}
    assert retries == {"local": [0, 1], "prod": [0, 5]}


def test_a_variable_is_declared_once(write):
    file = write("variables: {catalog: {default: other}}\n" + one_job(task()))

    with pytest.raises(JobDefinitionError, match=r"jobs\.yml: the variable catalog is declared twice"):
        read_bundle(file)


def test_numbers_become_text_parameters(write):
    file = write(one_job(task(), "parameters: [{name: top_n, default: 20}]"))

    assert load_jobs(file)["j"].defaults == {"top_n": "20"}


def test_tasks_come_in_an_order_in_which_they_can_run(write):
    needs_b, needs_a = "depends_on: [{task_key: b}]", "depends_on: [{task_key: a}]"
    file = write(one_job(", ".join([task("c", needs_b), task("b", needs_a), task("a"), task("d")])))

    assert [t.task_key for t in load_jobs(file)["j"].tasks] == ["a", "b", "c", "d"]


def test_what_only_a_workspace_acts_on_is_left_out(write):
    more = "queue: {enabled: true}\n      schedule: {quartz_cron_expression: '${var.unknown}'}"

    assert load_jobs(write(one_job(task(more="environment_key: default, timeout_seconds: 9"), more))).keys() == {"j"}


@pytest.mark.parametrize(
    ("tasks", "more", "message"),
    [
        (
            task(more="disabled: true"),
            "",
            "resources/jobs.yml: job j, task a: the local runner does not know `disabled`",
        ),
        (
            task(work="notebook_task: {notebook_path: x}"),
            "",
            "job j, task a: the local runner does not know `notebook_task`",
        ),
        (task(more="depends_on: [{task_key: a, outcome: 'true'}]"), "", "does not know `depends_on.0.outcome`"),
        (task(), "git_source: {}", "job j: the local runner does not know `git_source`"),
        (task(work=""), "", "job j, task a: needs either python_wheel_task or run_job_task"),
        (task(more="run_if: SOMETIMES"), "", "task a: `run_if`: Input should be 'ALL_SUCCESS'"),
        (task(work="python_wheel_task: {package_name: other, entry_point: x}"), "", "package_name"),
        (task(more="depends_on: [{task_key: z}]"), "", "job j, task a: depends_on names no task of the job: ['z']"),
        (task() + ", " + task(), "", "the task key a is given twice"),
        (
            task("a", "depends_on: [{task_key: b}]") + ", " + task("b", "depends_on: [{task_key: a}]"),
            "",
            "wait for each other",
        ),
        ("", "", "`tasks`"),
        ("just text", "", "tasks.0"),
        (task(more="description: '${var.unknown}'"), "", "resources/jobs.yml: ${var.unknown} is no variable"),
        (task(more="description: '${var.needed}'"), "", "${var.needed} has no value under target local"),
        (task(more="description: '${var.circular}'"), "", "${var.circular} refers to itself"),
        (task(more="description: '${workspace.host}'"), "", "${workspace.host} is not known under target local"),
        (task(more="description: '${resources.schemas.iron.name}'"), "", "${resources.schemas.iron.name} is not known"),
        (task(more="description: '${resources.schemas.gold}'"), "", "${resources.schemas.gold} is not known"),
        (task(work="run_job_task: {job_id: 42}"), "", "run_job_task.job_id"),
        (task(work="run_job_task: {job_id: '${resources.jobs.k.id}'}"), "", "${resources.jobs.k.id} names no job"),
        (task(work="run_job_task: {job_id: '${resources.jobs.j.id}'}"), "", "jobs wait for each other: j -> j"),
        (task(work=WHEEL.replace("{}", "{x: '{{job.parameters.y}}'}")), "", "does not know {{job.parameters.y}} here"),
        (task(work=WHEEL.replace("{}", "{x: '{{tasks.b.values.n}}'}")), "", "does not know {{tasks.b.values.n}} here"),
        (task(), "parameters: [{name: x, default: '{{task.name}}'}]", "does not know {{task.name}} here"),
        (
            task(work="python_wheel_task: {package_name: reclake, entry_point: x, parameters: [fast]}"),
            "",
            "'fast' is not",
        ),
    ],
)
def test_what_is_not_understood_is_refused(write, tasks, more, message):
    with pytest.raises(JobDefinitionError) as error:
        load_jobs(write(one_job(tasks, more)))

    assert message in str(error.value)


CHILD = """
    child:
      parameters: [{name: known, default: ""}]
      tasks: [{task_key: a, python_wheel_task: {package_name: reclake, entry_point: work, named_parameters: {}}}]
"""


@pytest.mark.parametrize(
    ("given", "more", "message"),
    [
        ("job_parameters: {other: x}", "", "job child has no parameter other"),
        ("job_parameters: {}", "max_retries: 2", "max_retries belongs to the tasks of job child"),
    ],
)
def test_a_child_is_given_only_what_it_takes(write, given, more, message):
    work = f"run_job_task: {{job_id: '${{resources.jobs.child.id}}', {given}}}"

    with pytest.raises(JobDefinitionError, match=message):
        load_jobs(write(one_job(task(more=more, work=work)) + CHILD))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2", "the key 'a' is given twice"),
        ("a:\n  <<: &x {b: 1}", "takes an alias or a list"),
        ("a: [", "cannot be read"),
        ("- a", "has to be a mapping"),
        ("? [a]\n: 1", "line 1, column 3: a key has to be text"),
        ("a: 2024-99-99", "month must be in 1..12"),
        ("a: " + "[" * 2_000, "nested too deeply"),
    ],
)
def test_yaml_that_the_cli_refuses_is_refused(tmp_path, text, message):
    (tmp_path / "x.yml").write_text(text)

    with pytest.raises(JobDefinitionError, match=message):
        read_yaml(tmp_path / "x.yml")


def test_maps_merge_as_in_the_cli(tmp_path):
    (tmp_path / "x.yml").write_text("a:\n  d: 2\n  <<:\n    - &x {b: 1, d: 1}\nc:\n  <<: *x\n  b: 3\n")

    assert read_yaml(tmp_path / "x.yml") == {"a": {"b": 1, "d": 2}, "c": {"b": 3, "d": 1}}


@pytest.mark.parametrize(
    ("root", "message"),
    [
        (ROOT + "scripts: {}", "does not know scripts"),
        (ROOT.replace("local: {", "local: {sync: {}, "), "target local: the local runner does not know sync"),
        (ROOT.replace("local:", "here:"), "has no target 'local'; it has here, prod"),
    ],
)
def test_a_bundle_that_is_not_understood_is_refused(write, root, message):
    with pytest.raises(JobDefinitionError, match=message):
        read_bundle(write(one_job(task()), root))


def test_a_job_is_defined_once(write):
    write(one_job(task()))

    with pytest.raises(JobDefinitionError, match="jobs j is also in"):
        read_bundle(write(one_job(task()), name="more.yml"))


def test_the_bundle_is_found_from_below(write, tmp_path):
    file = write(one_job(task()))

    assert find_bundle(tmp_path / "resources") == file


def test_without_a_bundle_the_error_says_where_it_was_sought(tmp_path):
    with pytest.raises(JobDefinitionError, match=f"There is no databricks.yml in {tmp_path} or above it"):
        find_bundle(tmp_path)
