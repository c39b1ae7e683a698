"""The image, compose.yaml, the systemd units and prefect.yaml, held against the code."""

import configparser
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import click
import pytest
import typer
import yaml

from pipelines.cli.main import build_app
from pipelines.config.run_request import RunRequest
from pipelines.config.sections import ScheduleSection
from pipelines.config.settings import SECTIONS
from pipelines.runtime import environment
from pipelines.scheduling.schedule import FLOWS

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
PREFECT = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))
UNITS = sorted((ROOT / "deploy" / "systemd").iterdir())
TEXTS = [ROOT / "Dockerfile", ROOT / "compose.yaml", ROOT / "prefect.yaml", *UNITS]
GUIDE = ROOT / "docs" / "operations.md"
OF_PREFECT_YAML = {"LEADGAIN_CODE", "LEADGAIN_CONFIG"}
COMMANDS: dict[str, click.Command] = typer.main.get_command(build_app()).commands  # type: ignore[attr-defined]


def instructions(name: str) -> list[str]:
    """What follows an instruction of the Dockerfile, one text each, lines joined."""
    whole = re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE).replace("\\\n", " ")
    return re.findall(rf"^ *{name} +(.+)$", whole, re.MULTILINE)


def refuse_unknown(words: list[str]) -> None:
    """Fail where a command line of leadgain names a command or an option that is not there."""
    command = COMMANDS[words[0]]
    known = {name for option in command.params for name in option.opts}
    assert {word.partition("=")[0] for word in words if word.startswith("--")} <= known, words


def leadgain_lines(text: str) -> list[list[str]]:
    """Every ``leadgain command --options`` in a text, as words without the name itself."""
    joined = text.replace("\\\n", " ")
    begin = r"(?:^ *|`|/bin/|exec leadgain |&& |api )"
    found = re.findall(rf"{begin}leadgain ([a-z][^`#\n|;&)]*)", joined, re.MULTILINE)
    return [shlex.split(line) for line in found]


# The image.


def test_the_image_is_built_from_files_that_are_there_and_let_in():
    let_in = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"
    }
    copied = {
        name
        for copy in instructions("COPY")
        if not copy.startswith("--from")
        for name in copy.split()[:-1]
    }
    assert copied == let_in
    assert all((ROOT / name).exists() for name in copied)


def test_the_image_holds_all_that_the_wheel_holds():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
    copied = " ".join(instructions("COPY")).split()
    assert set(wheel) <= set(copied)
    assert set(project["project"]["license-files"]) <= set(copied)


def test_the_image_has_a_pinned_python_and_the_locked_libraries():
    assert {line.split()[0] for line in instructions("FROM")} == {"python:3.13-slim"}
    synced = [line for line in instructions("RUN") if "uv sync" in line]
    assert all({"--locked", "--no-dev"} <= set(line.split()) for line in synced)
    assert "--no-editable" in synced[-1]
    assert not re.search(r"https?://", DOCKERFILE), "no index is named"


def test_the_image_works_as_nobody_special():
    assert instructions("USER") == ["leadgain"]
    assert DOCKERFILE.index("USER leadgain") < DOCKERFILE.index("\nCMD")
    assert "libgomp1" in DOCKERFILE


def test_the_container_is_healthy_while_somebody_holds_the_schedule(tmp_path):
    """The check of the image, run as Docker would, beside a process that serves and without."""
    (check,) = re.findall(r"HEALTHCHECK .*?CMD (.+)", DOCKERFILE.replace("\\\n", " "))
    look = ["sh", "-c", check]
    told = {"PATH": "/usr/bin:/bin", "LEADGAIN_HOME": str(tmp_path)}
    serves = (
        "import sys; from pathlib import Path; from publications.storage.home import Home;"
        "from pipelines.scheduling.schedule import lock_schedule\n"
        "with lock_schedule(Home(Path(sys.argv[1]))): print('held', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", serves, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    assert subprocess.run(look, env=told, check=False).returncode == 0
    process.communicate()
    assert subprocess.run(look, env=told, check=False).returncode == 1


# compose.yaml


def test_compose_has_the_database_the_servers_the_schedule_and_the_dashboard():
    assert set(SERVICES) == {"postgres", "prefect", "mlflow", "leadgain", "dashboard"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_pinned_restarted_and_looked_after(name):
    service = SERVICES[name]
    _, tag = service["image"].split(":")
    assert re.match(r"\d+", tag)
    assert service["restart"] == "unless-stopped"
    assert "healthcheck" in service or name == "leadgain"  # the image's own
    assert service["logging"]["options"], "a log that ends somewhere"


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"postgres"}))
def test_our_services_can_write_nowhere_but_in_their_volumes(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_nobody_outside_reaches_a_service():
    for service in SERVICES.values():
        assert "ports" not in service
    for name in ("postgres", "prefect", "mlflow"):
        assert SERVICES[name]["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    dashboard = SERVICES["dashboard"]
    assert dashboard["network_mode"] == "host"
    assert "--public" not in dashboard["command"], "so it answers 127.0.0.1"


def test_volumes_are_named_and_the_dashboard_only_reads():
    used = [mount for service in SERVICES.values() for mount in service.get("volumes", [])]
    named = {mount.split(":")[0] for mount in used if mount[0] not in "./$"}
    assert named == set(COMPOSE["volumes"])
    assert all(mount.endswith(":ro") for mount in SERVICES["dashboard"]["volumes"])
    assert (ROOT / "deploy" / "postgres.sql").is_file()


def test_no_password_stands_in_compose():
    text = re.sub(r"#.*", "", (ROOT / "compose.yaml").read_text(encoding="utf-8"))
    passwords = re.findall(r"PASSWORD: (.+)", text) + re.findall(r"://\w+:(.+?)@", text)
    assert len(passwords) == 5
    assert all(re.fullmatch(r"\$\{\w+:\?.*\}", password) for password in passwords)
    wanted = set(re.findall(r"\\getenv \w+ (\w+)", (ROOT / "deploy/postgres.sql").read_text()))
    assert wanted < set(SERVICES["postgres"]["environment"])
    assert set(re.findall(r"\$\{(\w+):\?", text)) == {*wanted, "POSTGRES_PASSWORD"}


def test_every_command_of_a_service_exists():
    scripts = {script.name for script in entry_points(group="console_scripts")}
    for name in set(SERVICES) - {"postgres"}:
        program, *words = SERVICES[name]["command"]
        assert program in scripts
        if program == "leadgain":
            refuse_unknown(words)
    assert (
        shlex.split(instructions("CMD")[0].strip("[]").replace(",", ""))
        == (SERVICES["leadgain"]["command"])
    )


@pytest.mark.filterwarnings("ignore")  # MLflow's own, on import
def test_mlflow_knows_the_options_and_variables_that_it_is_given():
    from mlflow import environment_variables
    from mlflow.cli import cli

    server = cli.commands["server"]
    options = {name for param in server.params for name in param.opts}
    assert {word for word in SERVICES["mlflow"]["command"] if word.startswith("--")} <= options
    known = {param.envvar for param in server.params} | set(vars(environment_variables))
    ours = {name for name in SERVICES["mlflow"]["environment"] if name.startswith("MLFLOW_")}
    assert ours <= known


def test_prefect_knows_the_variables_that_it_is_given():
    from prefect.settings import Settings
    from prefect.settings.legacy import _get_settings_fields

    given = {
        name
        for service in ("prefect", "leadgain")
        for name in SERVICES[service]["environment"]
        if name.startswith("PREFECT_")
    }
    assert given <= set(_get_settings_fields(Settings))


def test_whoever_reads_leadgain_toml_is_given_the_same_secrets():
    """A database of the CRM that only the environment names."""
    secrets = COMPOSE["x-secrets"]
    assert set(secrets.values()) == {None}, "taken over where they are set"
    for name in ("leadgain", "dashboard"):
        assert secrets.keys() <= SERVICES[name]["environment"].keys()
    for name in ("leadgain-serve", "leadgain-run", "leadgain-dashboard"):
        file = unit(f"{name}.service")["Service"]["EnvironmentFile"]
        assert file == "-/etc/leadgain/environment"


def test_the_services_find_each_other():
    at = SERVICES["leadgain"]["environment"]
    assert at["PREFECT_API_URL"] == "http://prefect:4200/api"
    assert at["LEADGAIN_TRACKING__URI"] == "http://mlflow:5000"
    assert "mlflow:5000" in " ".join(SERVICES["mlflow"]["command"])
    for name, driver in (("prefect", "asyncpg"), ("mlflow", "psycopg")):
        urls = [v for v in SERVICES[name]["environment"].values() if "postgresql" in v]
        assert re.match(rf"postgresql\+{driver}://{name}:.*@postgres:5432/{name}$", urls[0])
        # MLflow cannot use a database that is not of Unicode, as a server without a locale makes.
        made = f"CREATE DATABASE {name} OWNER {name} TEMPLATE template0 ENCODING 'UTF8';"
        assert made in (ROOT / "deploy/postgres.sql").read_text()


# Whatever names a variable or a command of ours.


@pytest.mark.parametrize("file", [*TEXTS, GUIDE], ids=lambda file: file.name)
def test_every_variable_of_ours_is_a_key_that_leadgain_knows(file):
    for variable in re.findall(r"LEADGAIN_\w+", file.read_text(encoding="utf-8")):
        section, parted, key = variable.removeprefix("LEADGAIN_").lower().partition("__")
        if parted:
            assert key in SECTIONS[section].model_fields, variable
        else:
            assert variable in {"LEADGAIN_HOME", *OF_PREFECT_YAML}


@pytest.mark.parametrize(
    "file", [*(u for u in UNITS if u.suffix == ".service"), GUIDE], ids=lambda file: file.name
)
def test_every_command_of_ours_exists(file):
    """Those of the image and of compose.yaml are looked at above."""
    text = file.read_text(encoding="utf-8")
    if file == GUIDE:  # its code only
        text = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL))
    lines = leadgain_lines(re.sub(r"^#.*$", "", text, flags=re.MULTILINE))
    assert lines
    for words in lines:
        refuse_unknown(words)


# systemd


def unit(name: str) -> configparser.ConfigParser:
    read = configparser.ConfigParser(strict=False, interpolation=None)
    read.optionxform = str  # type: ignore[assignment,method-assign]
    read.read(ROOT / "deploy" / "systemd" / name, encoding="utf-8")
    return read


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd")
def test_systemd_understands_the_units(tmp_path):
    for file in UNITS:
        text = file.read_text(encoding="utf-8").replace("/opt/leadgain/bin/leadgain", "/bin/true")
        (tmp_path / file.name).write_text(text)
    verify = ["systemd-analyze", "verify", "--man=no", *sorted(map(str, tmp_path.iterdir()))]
    done = subprocess.run(verify, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_schedule_that_cannot_work_is_not_started_again_and_again():
    service = unit("leadgain-serve.service")
    assert service["Service"]["Restart"] == "on-failure"
    assert service["Service"]["RestartPreventExitStatus"].split() == ["2", "3", "4"]
    assert service["Unit"]["StartLimitIntervalSec"] == "0", "it outlasts a server that is away"
    assert unit("leadgain-run.service")["Service"]["Restart"] == "no"


def test_the_units_write_to_the_home_folder_only_and_have_no_privileges():
    for name in ("leadgain-serve", "leadgain-run", "leadgain-dashboard"):
        service = unit(f"{name}.service")["Service"]
        assert service["User"] == "leadgain"
        assert service["ProtectSystem"] == "strict"
        assert service["NoNewPrivileges"] == "yes"
        assert service["CapabilityBoundingSet"] == ""
        assert "ReadWritePaths" not in service
    assert "StateDirectory" not in unit("leadgain-dashboard.service")["Service"]


def test_the_timer_is_due_when_the_schedule_is_by_default():
    minute, hour, *_ = ScheduleSection().score.split()
    assert unit("leadgain-run.timer")["Timer"]["OnCalendar"] == (
        f"*-*-* {int(hour):02}:{int(minute):02}:00 {ScheduleSection().timezone}"
    )
    assert unit("leadgain-run.timer")["Timer"]["Persistent"] == "yes"


# prefect.yaml


def test_prefect_yaml_has_the_deployments_that_leadgain_serves():
    assert {d["name"] for d in PREFECT["deployments"]} == set(FLOWS)


@pytest.mark.parametrize("deployment", PREFECT["deployments"], ids=lambda d: d["name"])
def test_a_deployment_of_prefect_yaml_is_a_flow_and_its_parameters(deployment, monkeypatch):
    from prefect.flows import load_flow_from_entrypoint

    monkeypatch.chdir(ROOT)
    flow = load_flow_from_entrypoint(deployment["entrypoint"])
    assert flow.name == FLOWS[deployment["name"]]
    assert set(deployment["parameters"]) <= set(flow.parameters.properties)
    assert set(flow.parameters.required) <= set(deployment["parameters"])
    request = RunRequest.model_validate(deployment["parameters"]["request"])
    assert request.scheduled == deployment["name"]
    assert deployment["concurrency_limit"] == 1


@pytest.mark.parametrize("deployment", PREFECT["deployments"], ids=lambda d: d["name"])
def test_prefect_yaml_has_the_times_that_the_schedule_has_by_default(deployment):
    section = ScheduleSection()
    assert deployment["schedules"] == [
        {"cron": getattr(section, deployment["name"]), "timezone": section.timezone}
    ]


def test_a_worker_is_as_silent_as_leadgain_itself(monkeypatch, tmp_path):
    """The variables of the work pool are those that the command sets, but for places and logs."""
    monkeypatch.setattr(environment.os, "environ", own := {})
    environment.prepare_environment(tmp_path)
    kept = {name: value for name, value in own.items() if "LOGGING" not in name}
    del kept["PREFECT_HOME"]
    for deployment in PREFECT["deployments"]:
        assert deployment["work_pool"]["job_variables"]["env"] == kept
