"""The docs keep what they promise: made pages are as the code says, links lead somewhere, alerts have their section."""

import re
import tomllib

import pytest
import yaml

from handbook.__main__ import DOCS, PAGES

ROOT = DOCS.parent
ALERTS = yaml.safe_load((ROOT / "resources" / "alerts.yml").read_text())["resources"]["alerts"]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_that_is_made_from_the_code_is_as_the_code_says(name):
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), "run `make pages`, and commit what changed"


def test_every_page_is_in_the_navigation_once():
    nav = tomllib.loads((ROOT / "zensical.toml").read_text())["project"]["nav"]

    assert sorted(leaves(nav)) == sorted(page.name for page in DOCS.glob("*.md"))


def leaves(nav):
    for entry in nav:
        for target in entry.values():
            yield from [target] if isinstance(target, str) else leaves(target)


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_links_of_pages_outside_the_site_lead_to_files(page):
    # Those of docs/ are checked by the build.
    links = re.findall(r"\]\((?!https?://)([^)#]+)", (ROOT / page).read_text())

    assert [link for link in links if not (ROOT / link).exists()] == []


def test_each_alert_has_its_section_in_the_runbook_and_a_line_on_the_page_of_alerts():
    sections = re.findall(r"^## (.+)$", (DOCS / "runbook.md").read_text(), re.MULTILINE)
    listed = re.findall(r"^\| \[`(\w+)`\]\(runbook\.md#\1\)", (DOCS / "alerts.md").read_text(), re.MULTILINE)

    assert sections == listed == list(ALERTS)
    for key, alert in ALERTS.items():
        assert f"docs/runbook.md, {key}." in alert["custom_description"]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda file: file.stem)
def test_actions_are_pinned_by_the_hash_of_a_commit_and_say_which_version_that_is(workflow):
    used = re.findall(r"uses: (.+)", workflow.read_text())

    assert used
    for action in used:
        assert action.startswith("./") or re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda file: file.stem)
def test_a_workflow_asks_for_the_rights_that_it_needs_and_is_in_the_docs(workflow):
    content = yaml.safe_load(workflow.read_text())

    assert content["permissions"].get("contents") == "read"
    assert f"| `{workflow.name}` |" in (DOCS / "github.md").read_text()
