"""The changelog's form: by version, a short line for each change."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
MOST_WORDS = 20


def test_the_newest_version_is_that_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    versions = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d{2}-\d{2}$", TEXT, re.MULTILINE)
    assert versions[0] == project["version"]
    assert len(versions) == len(re.findall(r"^## ", TEXT, re.MULTILINE))


def test_a_change_is_added_changed_fixed_or_removed() -> None:
    kinds = re.findall(r"^### (.*)$", TEXT, re.MULTILINE)
    assert set(kinds) <= {"Added", "Changed", "Fixed", "Removed"}


def test_a_change_is_told_in_one_short_line() -> None:
    lines = [line for line in TEXT.splitlines() if line.startswith("- ")]
    assert [line for line in lines if len(line[2:].split()) >= MOST_WORDS] == []
    continued = [line for line in TEXT.splitlines() if re.match(r"\s+\S", line)]
    assert continued == []
