"""What CONTRIBUTING says of the code's shape, held by a test."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("crm", "features", "models", "publications", "pipelines", "dashboard")
FILES = sorted(file for room in ROOMS for file in (ROOT / room).rglob("*.py"))
LONGEST_FILE, LONGEST_BODY = 400, 50
LATE = {
    *("altair", "duckdb", "great_expectations", "lightgbm", "mlflow", "prefect", "pyarrow"),
    *("scipy", "sklearn", "sqlalchemy", "vl_convert"),
}
"""Heavy libraries: imported where they are used."""


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def body_lines(function: ast.FunctionDef) -> int:
    """Lines of a function without its signature and its docstring."""
    told = ast.get_docstring(function) is not None and len(function.body) > 1
    first = function.body[1] if told else function.body[0]
    return (function.end_lineno or 0) - first.lineno + 1


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_files_and_functions_fit_on_a_few_screens(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST_FILE
    long = [f.name for f in functions(ast.parse(text)) if body_lines(f) > LONGEST_BODY]
    assert long == []


def test_heavy_libraries_are_imported_where_they_are_used() -> None:
    allowed = {("pipelines/runtime/prefect_tasks.py", "prefect")}  # itself imported by flows only
    found = set()
    for file in FILES:
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            libraries = {name.split(".")[0] for name in names} & LATE
            found |= {(str(file.relative_to(ROOT)), library) for library in libraries}
    assert found == allowed


def test_mlflow_is_known_to_the_registry_only() -> None:
    knowing = set()
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            knowing |= {file.name for name in names if name.split(".")[0] == "mlflow"}
    assert knowing == {"registry.py", "client.py", "records.py"}


def test_nothing_happens_on_import() -> None:
    app = {ROOT / "dashboard" / "app.py", *(ROOT / "dashboard" / "app_pages").glob("*.py")}
    for file in set(FILES) - app:  # Streamlit runs its pages from top to bottom
        body = ast.parse(file.read_text(encoding="utf-8")).body
        assert [f"{file}:{node.lineno}" for node in body if does_something(node)] == []


def does_something(node: ast.stmt) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Call)
    return isinstance(node, ast.For | ast.While | ast.With | ast.Try)
