"""What the documents say, held against the code and against a run of the demo."""

import contextlib
import re
import tomllib
from pathlib import Path

import pytest
from pydantic_core import PydanticUndefined

from docs.refresh import BEGIN, END, demo_block
from pipelines.cli.main import build_app
from pipelines.config.settings import SECTIONS, load_settings
from tests.pipelines.conftest import load_current
from tests.publications.report.test_report import Page

ROOT = Path(__file__).parents[2]


def read_documented_defaults() -> dict[tuple[str, str], str]:
    """(section, key) -> default, as docs/configuration.md tells them."""
    found, section = {}, ""
    for line in (ROOT / "docs" / "configuration.md").read_text().splitlines():
        if heading := re.match(r"## \[(\w+)\]", line):
            section = heading[1]
        elif row := re.match(r"\| `(\w+)` \| (.+?) \| .+ \|$", line):
            found[section, row[1]] = row[2].strip("`")
    return found


def test_every_key_is_documented_with_its_default():
    for section, model in SECTIONS.items():
        for key, field in model.model_fields.items():
            told = read_documented_defaults()[section, key]
            default = field.get_default(call_default_factory=True)
            assert default is not PydanticUndefined, (section, key)
            if default in ({}, (), None):
                assert told in ("{}", "[]", "none"), (section, key)
            else:
                assert tomllib.loads(f"value = {told}")["value"] == default, (section, key)


def test_no_key_is_documented_that_does_not_exist():
    known = {(section, key) for section, model in SECTIONS.items() for key in model.model_fields}
    assert set(read_documented_defaults()) == known


def test_the_readme_lists_every_command_and_no_other():
    """By their first cells: `check` · `train` · `score`."""
    told = (ROOT / "README.md").read_text(encoding="utf-8").split("## The command")[1]
    cells = re.findall(r"^\| (`.+?`) \| [^`|]", told.split("## ")[0], re.MULTILINE)
    named = {name for cell in cells for name in re.findall(r"`(\w+)", cell)}
    assert named == {command.callback.__name__ for command in build_app().registered_commands}


def test_the_gain_is_computed_again_as_the_proof_says(night):
    proof = (ROOT / "docs" / "proof.md").read_text(encoding="utf-8")
    *lines, last = re.search(r"```python\n(.+?)\n```", proof, re.DOTALL)[1].splitlines()
    publication = load_current(night.home)
    names = {}
    with contextlib.chdir(publication.folder):
        exec("\n".join([*lines, f"gain = {last}"]), names)  # noqa: S102 (our own document)
    table = publication.table("gain_table.csv").set_index(["ranking", "depth"])["gain"]
    assert names["gain"][0] == pytest.approx(table["model", 0.3], abs=1e-9)


def test_the_configuration_shown_in_the_readme_is_understood(tmp_path):
    readme = (ROOT / "README.md").read_text()
    shown = re.search(r"```toml\n(.+?)```", readme, re.DOTALL)
    assert shown is not None
    config = tmp_path / "leadgain.toml"
    config.write_text(shown[1])
    assert load_settings(config).lists.horizon_days == 30


def test_no_sentence_is_in_the_report_of_a_night_twice(night):
    report = (load_current(night.home).folder / "report.html").read_text(encoding="utf-8")
    sentences = Page(report).sentences
    assert sorted({s for s in sentences if sentences.count(s) > 1}) == []


@pytest.mark.slow
def test_the_figures_in_the_readme_come_from_the_demo(demo):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = readme.split(BEGIN)[1].split(END)[0]
    assert shown == demo_block(load_current(demo))


def test_links_between_the_documents_lead_somewhere():
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8")):
            assert (document.parent / link).exists(), f"{document.name}: {link}"
