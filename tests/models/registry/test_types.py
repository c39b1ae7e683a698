"""Where a registry is, told without its password."""

from pathlib import Path

import pytest

from models.registry.types import (
    DEMOTED,
    RegisteredVersion,
    Registry,
    build_embedded_registry,
    build_registry,
)


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("https://me:canary@tracking.example.com/x?token=canary", "https://tracking.example.com/x"),
        ("postgresql://me:canary@db:5432/mlflow", "postgresql://db:5432/mlflow"),
        ("http://localhost:5000", "http://localhost:5000"),
        ("sqlite:////home/ann/mlflow.db", "sqlite:////home/ann/mlflow.db"),
        ("sqlite:////home/a@b/mlflow.db", "sqlite:////home/a@b/mlflow.db"),
        ("postgresql://me:can/ary@db/mlflow", "postgresql://db/mlflow"),
        ("postgresql://me:can?ary@db/mlflow", "postgresql://db/mlflow"),
        ("postgresql://me:can@ary@db/mlflow", "postgresql://"),
        ("https://host/x?token=can@ary", "https://host/x"),
        ("https://me:can#ary@host/x#canary", "https://host/x"),
        ("https://host:canary/x", "the address of [tracking] uri"),
        ("canary", "the address of [tracking] uri"),
    ],
)
def test_an_address_is_shown_without_user_password_and_token(uri: str, shown: str) -> None:
    assert Registry(uri).shown == shown


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("postgres://db/mlflow", "postgresql+psycopg://db/mlflow"),
        ("postgresql://db/mlflow", "postgresql+psycopg://db/mlflow"),
        ("postgresql+psycopg2://db/mlflow", "postgresql+psycopg2://db/mlflow"),
        ("http://postgres://", "http://postgres://"),
    ],
)
def test_postgresql_is_opened_by_the_driver_that_leadgain_brings(uri: str, address: str) -> None:
    assert Registry(uri).address == address


@pytest.mark.parametrize("uri", ["sqlite:////m.db", "postgres://db/m", "mysql+pymysql://db/m"])
def test_a_database_without_a_server_keeps_its_files_in_the_home(uri: str, tmp_path: Path) -> None:
    assert (
        build_registry(uri, tmp_path / "mlartifacts").artifact_root
        == f"file://{tmp_path}/mlartifacts"
    )


def test_a_server_says_itself_where_its_files_are(tmp_path: Path) -> None:
    assert build_registry("https://tracking", tmp_path).artifact_root is None


def test_the_registry_of_a_home_is_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    registry = build_embedded_registry(Path("mlflow.db"), Path("ml artifacts"))
    assert registry.tracking_uri == f"sqlite:///{tmp_path / 'mlflow.db'}"
    assert registry.artifact_root == f"file://{tmp_path}/ml%20artifacts"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({}, "Better."),
        ({"again.sentence": "Disproven.", DEMOTED: "true"}, "Disproven."),
        ({"again.sentence": "Disproven."}, "Better."),
    ],
    ids=["promoted", "demoted", "restored by a person"],
)
def test_the_reason_of_a_demotion_counts_only_while_the_version_is_demoted(
    more: dict[str, str], reason: str
) -> None:
    decision = {"sentence": "Better."} | more
    assert RegisteredVersion(1, "", "", (), {}, {}, {}, decision, "", {}).decided == reason


def test_without_a_decision_there_is_no_reason() -> None:
    assert RegisteredVersion(1, "", "", (), {}, {}, {}, {}, "", {}).decided == ""
