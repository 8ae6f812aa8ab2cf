"""The files that a repository is expected to have are valid, and say what is true of the code."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
FORMS = sorted(path for path in (REPOSITORY / ".github" / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")
SCHEMAS = [
    ("vendor.citation-file-format", REPOSITORY / "CITATION.cff"),
    ("vendor.github-issue-config", REPOSITORY / ".github" / "ISSUE_TEMPLATE" / "config.yml"),
    *(("vendor.github-issue-forms", path) for path in FORMS),
    *(("vendor.github-workflows", path) for path in sorted((REPOSITORY / ".github" / "workflows").glob("*.yml"))),
]


def checked(schema, path):
    """The finished check of a file against a schema that comes with check-jsonschema."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("schema", "path"), [pytest.param(*pair, id=pair[1].name) for pair in SCHEMAS])
def test_a_file_follows_its_schema(schema, path):
    result = checked(schema, path)
    assert result.returncode == 0, result.stdout + result.stderr


def test_an_issue_form_without_fields_is_refused(tmp_path):
    form = tmp_path / "bug.yml"
    form.write_text("name: Bug\ndescription: Nothing to fill in\n", encoding="utf-8")
    result = checked("vendor.github-issue-forms", form)
    assert result.returncode == 1
    assert "'body' is a required property" in result.stdout


def test_the_map_of_rooms_names_every_package_once():
    text = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.split("## The rooms\n")[1].split("\n## ")[0]
    rooms = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert sorted(rooms) == sorted(path.parent.name for path in (REPOSITORY / "src" / "ganvas").glob("*/__init__.py"))
