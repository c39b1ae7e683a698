"""Nothing is pickled, and no pickle is opened: who can write a pickle runs a program with it."""

import ast
import base64
import os
import pickle
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("crm", "features", "models", "publications", "pipelines", "dashboard")
FORBIDDEN = {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve", "skops"}
OPENING = re.compile(rb"\x80[\x04\x05]\x95.{4}\0{4}|\AgA[SW]V", re.DOTALL)
"""How a pickle begins, with its length behind it; or the same in base64, as Prefect writes it."""


def list_imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


def test_no_module_imports_a_pickle():
    for room in ROOMS:
        for file in (ROOT / room).rglob("*.py"):
            assert not FORBIDDEN & set(list_imports(file)), file


def find_pickles(folder: Path) -> list[Path]:
    files = [file for file in folder.rglob("*") if file.is_file()]
    return [file for file in files if OPENING.search(file.read_bytes())]


@pytest.mark.parametrize("protocol", [4, 5])
def test_a_pickle_would_be_found(tmp_path, protocol):
    content = pickle.dumps(["a list that is long enough"], protocol=protocol)
    (tmp_path / "within").write_bytes(b"something before " + content)
    (tmp_path / "text").write_bytes(base64.b64encode(content))
    assert len(find_pickles(tmp_path)) == 2


@pytest.fixture
def no_pickle_opens(monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a pickle was opened")

    for name in ("load", "loads"):
        monkeypatch.setattr(pickle, name, refuse)


@pytest.mark.prefect
def test_a_run_and_a_refused_run_leave_and_open_no_pickle(
    leadgain, night, published, crm, no_pickle_opens
):
    home, tools = published.parent / "refused", Path(os.environ["PREFECT_HOME"])
    (crm.parent / "leads.csv").write_text("")
    assert leadgain("run", "--config", crm, "--home", home).code == 3
    assert leadgain("score", "--config", night.config, "--home", published).code == 0
    for folder in (home, published, night.home, tools):
        assert find_pickles(folder) == []
    told = [file.read_text() for file in tools.rglob("storage/*")]
    assert any("leads.csv is empty" in error for error in told), "Prefect keeps the error as JSON"
