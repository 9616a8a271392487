"""The picture of the jobs: everything that runs is in it, and it is one file of sound XML."""

import re
from xml.etree import ElementTree

from handbook.picture import drawing
from lakehouse.jobs.definition import load_jobs

BUNDLE = """
bundle: {name: small}
include: [jobs.yml]
targets: {local: {}}
"""
JOBS = """
resources:
  jobs:
    long:
      description: Twelve & more.
      tasks:
"""


def texts(svg):
    root = ElementTree.fromstring(svg)
    return ["".join(one.itertext()) for one in root.iter("{http://www.w3.org/2000/svg}text")]


def test_every_job_and_every_task_of_the_bundle_is_drawn():
    shown = texts(drawing())

    for job in load_jobs().values():
        assert any(text.startswith(job.key) and text.endswith(job.description) for text in shown)
        for task in job.tasks:
            assert (f"job {task.run_job_task.job}" if task.run_job_task else task.task_key) in shown


def test_a_long_job_goes_on_in_a_new_line_and_stays_within_the_picture(tmp_path):
    tasks = "".join(
        f"        - task_key: t{n}\n"
        + (f"          depends_on: [{{task_key: t{n - 1}}}]\n" if n else "")
        + "          python_wheel_task: {package_name: reclake, entry_point: ingest}\n"
        for n in range(14)
    )
    (tmp_path / "databricks.yml").write_text(BUNDLE)
    (tmp_path / "jobs.yml").write_text(JOBS + tasks)

    svg = drawing(tmp_path / "databricks.yml")

    width, height = map(int, re.search(r'viewBox="0 0 (\d+) (\d+)"', svg).groups())
    boxes = [
        {name: float(box.get(name)) for name in ("x", "y", "width", "height")}
        for box in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}rect")
        if box.get("x")
    ]
    assert all(box["x"] + box["width"] <= width and box["y"] + box["height"] <= height for box in boxes)
    assert len({box["y"] for box in boxes if box["height"] == 28}) == 3
    assert "longTwelve & more." in texts(svg)
