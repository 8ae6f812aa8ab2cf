"""The files that a repository is expected to have are valid, and say what is true of the code."""

import ast
import re
import subprocess
import sys
from itertools import pairwise
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


# What takes a count before it, and does not follow from a setting that is above 1 for good.
COUNTED_NOUNS = (
    "bytes|channels|classes|directions|duplicates|entries|events|features|files|folders|frames|images|labels|latents|"
    "layers|levels|links|members|minutes|models|moments|numbers|parameters|pictures|pieces|points|requests|"
    "rescues|rows|runs|seconds|seeds|steps|tiles|times|values|workers"
)
PLURAL = re.compile(rf" (?:[a-z]+ )?(?:{COUNTED_NOUNS})\b")
NEVER_ONE = {  # of an expression: why
    "len(sizes)": "classes, of which there are none or two",
    "count": "more pieces than half a million",
    "images.shape": "a shape",
    "labels.shape": "a shape",
    "len(header)": "of a header, which has ten or more",
    "most_bytes": "a limit of many",
    "limits.body_bytes": "a limit of many",
    "tile_px": "in width x height",
    "neighbours": "a setting of two or more",
    "_KINDS[description.channels]": "a word",
}


def test_a_count_in_a_sentence_is_made_by_counted():
    """So that one picture is never "1 pictures". Constants and numbers with decimals are never one."""
    found = set()
    for path in sorted((REPOSITORY / "src" / "ganvas").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.JoinedStr):
                continue
            for value, after in pairwise(node.values):
                if not (isinstance(value, ast.FormattedValue) and isinstance(after, ast.Constant)):
                    continue
                what = ast.unparse(value.value)
                with_decimals = value.format_spec is not None and "." in ast.unparse(value.format_spec)
                is_constant = re.match(r"[A-Z][A-Z0-9_]+\b", what) is not None
                if PLURAL.match(str(after.value)) and not (with_decimals or is_constant or what.startswith("counted(")):
                    found.add((path.name, value.lineno, what))
    assert {one for one in found if one[2] not in NEVER_ONE} == set()
    assert {one[2] for one in found} == set(NEVER_ONE)  # none is allowed for nothing
