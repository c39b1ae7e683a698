"""Starting the dashboard: for this machine, or for people who have signed in."""

import json
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from crm.errors import ConfigurationError
from pipelines.cli import main as cli
from pipelines.cli.dashboard import (
    AUTH_KEYS,
    DashboardStart,
    build_dashboard_start,
    read_sign_in,
)
from pipelines.config.sections import DashboardSection
from pipelines.config.settings import load_settings
from pipelines.publishing.unchanged_list import dump_settings
from publications.storage.home import APP_VARIABLE, Home
from tests.pipelines.contexts import build_context

AUTH = {
    "redirect_uri": "https://leads.example.com/oauth2callback",
    "cookie_secret": "0123456789abcdef0123456789abcdef",
    "client_id": "leadgain",
    "client_secret": "canary-secret",
    "server_metadata_url": "https://id.example.com/.well-known/openid-configuration",
}
SOMEBODY = DashboardSection(managers=("ann@example.com",), secrets="secrets.toml")


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def authlib(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the package that signs people in were installed."""
    monkeypatch.setattr("pipelines.cli.dashboard.find_spec", lambda name: name)


def write_auth(folder: Path, **changes: str | None) -> None:
    content = {key: value for key, value in {**AUTH, **changes}.items() if value is not None}
    lines = [f'{key} = "{value}"' for key, value in content.items()]
    (folder / "secrets.toml").write_text("\n".join(["[auth]", *lines]))


def build_start(
    folder: Path, port: int, section: DashboardSection = SOMEBODY, *, public: bool = False
) -> DashboardStart:
    return build_dashboard_start(Home(folder), section, folder=folder, port=port, public=public)


def list_option_values(found: DashboardStart, name: str) -> list[str]:
    head = f"--{name}="
    return [a.removeprefix(head) for a in found.arguments if a.startswith(head)]


def test_it_starts_on_this_machine_only_and_nobody_signs_in(tmp_path: Path, free_port: int) -> None:
    found = build_start(tmp_path, free_port)
    assert list_option_values(found, "server.address") == ["127.0.0.1"]
    assert list_option_values(found, "server.port") == [str(free_port)]
    assert list_option_values(found, "server.allowedHosts") == ["127.0.0.1", "localhost"]
    assert found.url == f"http://127.0.0.1:{free_port}"
    assert json.loads(found.app_json) == {"home": str(tmp_path), "roles": None}


@pytest.mark.parametrize("content", [None, "", "[other]\nx = 1\n", "auth = 1\n"])
def test_public_is_refused_without_a_sign_in(
    content: str | None, tmp_path: Path, free_port: int
) -> None:
    if content is not None:
        (tmp_path / "secrets.toml").write_text(content)
    with pytest.raises(ConfigurationError, match=r"no sign-in is configured: secrets\.toml"):
        build_start(tmp_path, free_port, public=True)


@pytest.mark.usefixtures("authlib")
def test_public_answers_the_network_once_people_sign_in(tmp_path: Path, free_port: int) -> None:
    write_auth(tmp_path)
    found = build_start(tmp_path, free_port, public=True)
    assert list_option_values(found, "server.address") == ["0.0.0.0"]  # noqa: S104
    assert list_option_values(found, "server.allowedHosts") == [
        "leads.example.com",
        "127.0.0.1",
        "localhost",
    ]
    assert list_option_values(found, "secrets.files") == [str(tmp_path / "secrets.toml")]
    assert found.url == "https://leads.example.com"
    assert json.loads(found.app_json)["roles"] == {
        "managers": ["ann@example.com"],
        "reps": {},
        "rep_domains": [],
    }


@pytest.mark.usefixtures("authlib")
@pytest.mark.parametrize("public", [True, False])
def test_a_sign_in_that_lets_nobody_see_anything_is_refused(
    public: bool, tmp_path: Path, free_port: int
) -> None:
    write_auth(tmp_path)
    nobody = DashboardSection(secrets="secrets.toml")
    with pytest.raises(ConfigurationError, match=r"\[dashboard\] in leadgain.toml names nobody"):
        build_start(tmp_path, free_port, nobody, public=public)


@pytest.mark.usefixtures("authlib")
def test_where_a_sign_in_is_configured_it_holds_on_this_machine_as_well(
    tmp_path: Path, free_port: int
) -> None:
    write_auth(tmp_path)
    found = build_start(tmp_path, free_port)
    assert list_option_values(found, "server.address") == ["127.0.0.1"]
    assert json.loads(found.app_json)["roles"]["managers"] == ["ann@example.com"]


@pytest.mark.parametrize("missing", AUTH_KEYS)
def test_an_incomplete_sign_in_is_refused_by_the_name_of_what_it_lacks(
    missing: str, tmp_path: Path
) -> None:
    write_auth(tmp_path, **{missing: None})
    with pytest.raises(ConfigurationError, match=f"lacks {missing}") as refusal:
        read_sign_in(tmp_path / "secrets.toml")
    assert "canary-secret" not in str(refusal.value)


def test_a_cookie_secret_that_could_be_guessed_is_refused(tmp_path: Path) -> None:
    write_auth(tmp_path, cookie_secret="hunter2")  # noqa: S106
    with pytest.raises(ConfigurationError, match="shorter than 32") as refusal:
        read_sign_in(tmp_path / "secrets.toml")
    assert "hunter2" not in str(refusal.value)


def test_a_redirect_that_is_no_address_is_refused(tmp_path: Path) -> None:
    write_auth(tmp_path, redirect_uri="oauth2callback")
    with pytest.raises(ConfigurationError, match="redirect_uri"):
        read_sign_in(tmp_path / "secrets.toml")


def test_a_secrets_file_that_is_not_toml_is_refused_without_quoting_it(tmp_path: Path) -> None:
    (tmp_path / "secrets.toml").write_text("cookie_secret: canary-secret")
    with pytest.raises(ConfigurationError, match="cannot be read as TOML") as refusal:
        read_sign_in(tmp_path / "secrets.toml")
    assert "canary-secret" not in str(refusal.value)


def test_a_sign_in_needs_the_package_that_does_it(
    tmp_path: Path, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.cli.dashboard.find_spec", lambda name: None)
    write_auth(tmp_path)
    with pytest.raises(ConfigurationError, match=r"pip install 'streamlit\[auth\]'"):
        build_start(tmp_path, free_port, public=True)


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield int(holder.getsockname()[1])


def test_a_port_that_is_taken_is_refused(tmp_path: Path, taken_port: int) -> None:
    with pytest.raises(ConfigurationError, match=f"Port {taken_port} cannot be used"):
        build_start(tmp_path, taken_port)


def test_variables_of_streamlit_do_not_reach_the_app(
    tmp_path: Path, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREAMLIT_SERVER_TRUSTED_USER_HEADERS", '{"X-Mail": "email"}')
    monkeypatch.setenv("KEPT", "yes")
    environment = build_start(tmp_path, free_port).environment()
    assert not [name for name in environment if name.startswith("STREAMLIT_")]
    assert environment["KEPT"] == "yes"
    assert json.loads(environment[APP_VARIABLE])["home"] == str(tmp_path)


def run_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["leadgain", "dashboard", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    captured = capsys.readouterr()
    return int(ended.value.code or 0), captured.out + captured.err


def test_the_command_refuses_public_with_exit_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    code, said = run_command(monkeypatch, capsys, "--home", str(tmp_path), "--public")
    assert code == 2
    assert "no sign-in is configured" in said
    assert "[dashboard]" in said


def test_the_command_needs_no_leadgain_toml(
    tmp_path: Path,
    free_port: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    served: list[DashboardStart] = []
    monkeypatch.setattr(DashboardStart, "serve", lambda start: served.extend([start]))
    code, said = run_command(monkeypatch, capsys, "--port", str(free_port))
    assert code == 0
    assert f"http://127.0.0.1:{free_port}" in said
    assert json.loads(served[0].app_json)["home"] == str(tmp_path / "leadgain-home")


def load_section(tmp_path: Path, dashboard: str) -> DashboardSection:
    file = tmp_path / "leadgain.toml"
    file.write_text(f'[leads]\nfile = "leads.csv"\n[dashboard]\n{dashboard}')
    return load_settings(file).dashboard


def test_the_role_table_is_read_with_one_owner_or_several(tmp_path: Path) -> None:
    found = load_section(
        tmp_path,
        """
        managers = ["ann@example.com", "@board.example.com"]
        rep_domains = ["@sales.example.com"]
        [dashboard.reps]
        "ben@example.com" = "owner 4"
        "cara@example.com" = ["owner 5", "owner 6"]
        """,
    )
    assert found.reps == {
        "ben@example.com": ("owner 4",),
        "cara@example.com": ("owner 5", "owner 6"),
    }
    assert not found.has_no_users


@pytest.mark.parametrize(
    ("dashboard", "message"),
    [
        ('managers = ["ann"]', "'ann' is not an address such as"),
        ('managers = ["*"]', "is not an address"),
        ('managers = ["@"]', "is not an address"),
        ('managers = ["a@b@example.com"]', "is not an address"),
        ('rep_domains = ["example.com"]', "is not a domain such as"),
        ('reps = { ben = "4" }', "'ben' is not an address"),
        ('reps = "ben@example.com"', "dictionary"),
        ('manager = ["ann@example.com"]', "Did you mean 'managers'?"),
    ],
)
def test_a_role_table_that_means_nothing_is_refused(
    dashboard: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        load_section(tmp_path, dashboard)
    assert message in str(refusal.value)
    assert "[dashboard]" in str(refusal.value)


def test_the_role_table_does_not_go_into_publications(tmp_path: Path) -> None:
    file = tmp_path / "leadgain.toml"
    file.write_text('[leads]\nfile = "l.csv"\n[dashboard]\nmanagers = ["ann@example.com"]\n')
    published = dump_settings(build_context(file, tmp_path))
    assert "lists" in published
    assert "ann@example.com" not in json.dumps(published)
