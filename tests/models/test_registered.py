"""Where a registry is, told without its password."""

from pathlib import Path

import pytest

from models.registered import Registry, embedded


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("https://me:canary@tracking.example.com/x?token=canary", "https://tracking.example.com/x"),
        ("postgresql://me:canary@db:5432/mlflow", "postgresql://db:5432/mlflow"),
        ("http://localhost:5000", "http://localhost:5000"),
        ("sqlite:////home/ann/mlflow.db", "sqlite:////home/ann/mlflow.db"),
    ],
)
def test_an_address_is_shown_without_user_password_and_token(uri: str, shown: str) -> None:
    assert Registry(uri).shown == shown


def test_the_registry_of_a_home_is_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    registry = embedded(Path("mlflow.db"), Path("ml artifacts"))
    assert registry.tracking_uri == f"sqlite:///{tmp_path / 'mlflow.db'}"
    assert registry.artifact_root == f"file://{tmp_path}/ml%20artifacts"
