"""A real PostgreSQL and real MLflow servers, started for the tests and stopped by their number."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.pipelines.conftest import leadgain  # noqa: F401 (a fixture)
from tests.pipelines.conftest import night as night_on_files  # noqa: F401 (another one)
from tests.pipelines.small_crm import small_crm, write_export

PASSWORD = "canary-4711"  # noqa: S105
"""Of every database here: it may stand nowhere."""


def programs() -> Path | None:
    """The folder of PostgreSQL's own programs, the newest version's."""
    on_path = shutil.which("initdb")
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found = Path(on_path) if on_path else next(reversed(installed), None)
    return None if found is None else found.parent


@dataclass(frozen=True)
class PostgreSQL:
    """A server of the tests' own."""

    port: int
    folder: Path

    def database(self, name: str) -> str:
        """The URL of a new, empty database, as a person would write it."""
        self.run("postgres", f'CREATE DATABASE "{name}"')
        return f"postgresql://leadgain:{PASSWORD}@127.0.0.1:{self.port}/{name}"

    def run(self, database: str, *statements: str) -> list[tuple[object, ...]]:
        """Run statements, the last one for its rows."""
        import psycopg

        address = f"host=127.0.0.1 port={self.port} user=leadgain password={PASSWORD}"
        with psycopg.connect(f"{address} dbname={database}", autocommit=True) as connection:
            for statement in statements:
                answer = connection.execute(statement)
            return answer.fetchall() if answer.description else []


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgreSQL]:
    folder = programs()
    if folder is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI needs a PostgreSQL, and there is none")
        pytest.skip("there is no PostgreSQL here; `apt-get install postgresql` brings one")
    # Not below pytest's folder, which only its owner may enter.
    place = Path(tempfile.mkdtemp(prefix="leadgain-postgresql-"))
    try:
        with serving_postgresql(folder, place) as server:
            yield server
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def serving_postgresql(programs: Path, place: Path) -> Iterator[PostgreSQL]:
    """PostgreSQL refuses to run as root, so root runs it as the user ``postgres``."""
    as_somebody: dict[str, object] = {}
    if os.getuid() == 0:
        names = {user.pw_name: user for user in pwd.getpwall()}
        somebody = names.get("postgres") or names["nobody"]
        os.chown(place, somebody.pw_uid, somebody.pw_gid)
        as_somebody = {"user": somebody.pw_uid, "group": somebody.pw_gid, "extra_groups": []}
    secret = place / "password"
    secret.write_text(PASSWORD)
    secret.chmod(0o644)
    data = place / "data"
    subprocess.run(
        [
            *(programs / "initdb", "-D", data, "-U", "leadgain", f"--pwfile={secret}"),
            *("--auth=scram-sha-256", "--no-sync", "-E", "UTF8", "--locale=C"),
        ],
        check=True,
        capture_output=True,
        cwd=place,
        **as_somebody,
    )
    port = free_port()
    fast = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "max_connections=60")
    settings = (f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={place}")
    with (place / "log").open("wb") as log:
        process = subprocess.Popen(
            [programs / "postgres", "-D", data, *(f"-c{s}" for s in (*fast, *settings))],
            stdout=log,
            stderr=log,
            cwd=place,
            **as_somebody,
        )
    try:
        server = PostgreSQL(port, place)
        wait_until(lambda: server.run("postgres", "SELECT 1"), process, place / "log")
        yield server
    finally:
        process.send_signal(signal.SIGINT)  # ends at once whoever is connected
        process.wait(120)


@dataclass
class MLflowServer:
    """A tracking server in a process of its own, which can be killed and started again."""

    port: int
    command: list[str]
    folder: Path
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        log = self.folder / "log"
        environment = {k: v for k, v in os.environ.items() if k != "MLFLOW_TRACKING_URI"}
        # Seven processes of consumers would poll for jobs of generative AI all session long.
        environment["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"
        with log.open("ab") as said:
            self.process = subprocess.Popen(
                self.command,
                stdout=said,
                stderr=said,
                cwd=self.folder,
                env=environment,
                start_new_session=True,
            )

    def ready(self) -> "MLflowServer":
        """The same server, once it answers: it takes ten seconds to start, also after a kill."""
        if self.process is None:
            self.start()
        assert self.process is not None
        wait_until(self.health, self.process, self.folder / "log")
        return self

    def health(self) -> None:
        with urllib.request.urlopen(f"{self.uri}/health", timeout=2) as answer:  # noqa: S310
            answer.read()

    def kill(self) -> None:
        """End the server and its workers; they are a group of their own."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(120)
            self.process = None


@contextmanager
def serving_mlflow(folder: Path, database: str) -> Iterator[MLflowServer]:
    """``mlflow server`` that also keeps the files, as teams run it; not yet ready."""
    folder.mkdir()
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", f"{port}"]
    command += ["--backend-store-uri", database, "--artifacts-destination", str(folder / "files")]
    server = MLflowServer(port, [*command, "--workers", "1"], folder)
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="session")
def on_postgresql(
    postgresql: PostgreSQL, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MLflowServer]:
    """An MLflow server that keeps its records in PostgreSQL."""
    database = postgresql.database("mlflow_server").replace("://", "+psycopg://")
    with serving_mlflow(tmp_path_factory.mktemp("mlflow") / "on_postgresql", database) as server:
        yield server


@pytest.fixture(scope="session")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MLflowServer]:
    """An MLflow server that keeps its records in SQLite."""
    folder = tmp_path_factory.mktemp("mlflow") / "on_sqlite"
    with serving_mlflow(folder, f"sqlite:///{folder}/records.db") as server:
        yield server


@pytest.fixture(scope="session", autouse=True)
def started_early(request: pytest.FixtureRequest) -> None:
    """The servers start while the first tests run."""
    asked = {name for item in request.session.items for name in getattr(item, "fixturenames", ())}
    for name in sorted({"on_postgresql", "on_sqlite"} & asked):
        if name == "on_sqlite" or programs() is not None:
            request.getfixturevalue(name)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def wait_until(
    answers: Callable[[], object], process: "subprocess.Popen[bytes]", log: Path
) -> None:
    """Wait for a server; a busy machine may take a while."""
    deadline = time.monotonic() + 300
    while True:
        try:
            answers()
        except Exception:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        else:
            return


@pytest.fixture(scope="session")
def crm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small CRM as files; the path of its leadgain.toml."""
    leads, activities = small_crm()
    folder = tmp_path_factory.mktemp("services") / "crm"
    return write_export(folder, leads=leads, activities=activities)


def files_with(secret: str, folder: Path) -> list[str]:
    """The files below a folder that hold a secret."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    return [str(path) for path in found if secret.encode() in path.read_bytes()]
