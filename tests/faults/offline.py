"""R16: a whole run talks to nobody beyond this machine.

Run as a module, this file is the first process in a network namespace that has only a loopback.
"""

import fcntl
import os
import socket
import struct
import subprocess
import sys
from functools import cache
from pathlib import Path

from publications.storage.home import Home
from tests.faults.bench import PATIENCE, Bench, in_force, leadgain
from tests.faults.counts import COMMAND, Row, Tally

SANDBOX = Path(__file__).parent / "sandbox"
TOLD_NOTHING = ("DO_NOT_TRACK", "GX_ANALYTICS_ENABLED", "MLFLOW_DISABLE_TELEMETRY")
UNPREPARED = f"""
import os
from models.registry import client
from pipelines.runtime import environment

keep = environment.prepare_environment

def prepare(home):
    keep(home)
    for name in {TOLD_NOTHING}:
        os.environ.pop(name, None)

environment.prepare_environment = prepare
client.FIXED_ENVIRONMENT.clear()

from pipelines.cli.main import main
main()
"""
"""The command without what switches the tools' telemetry off."""
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def watched_run(bench: Bench, *arguments: object, prepared: bool = True) -> Row:
    """Run the real command with its own server; every Python process of it is watched."""
    tally = Tally(
        "R16", f"leadgain {arguments[0]}, every socket of Python in every process watched", COMMAND
    )
    folder = bench.folder / f"watched-{prepared:d}-{arguments[0]}"
    folder.mkdir()
    log = folder / "outbound.txt"
    processes = 0
    with tally.trial("the whole run"):
        program = leadgain() if prepared else [sys.executable, "-c", UNPREPARED]
        done = _run([*program, *map(str, arguments), "--home", str(folder / "home")], log)
        told = log.read_text().splitlines()
        processes = len({line.split()[0] for line in told if line.endswith(" watched")})
        outbound = sorted({line.split(" ", 1)[1] for line in told if " outbound " in line})
        assert outbound == [], outbound
        assert done.returncode == 0, done.stderr
        assert processes >= 2, "the server was not watched"
        if arguments[0] != "train":
            in_force(Home(folder / "home"))
    return tally.row(f"0 attempts to leave the machine, in {processes} processes")


@cache
def find_skip_reason() -> str:
    """Why there is no network namespace; empty where there is one."""
    done = subprocess.run([*_namespace(), "true"], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"no network namespace: {done.stderr.strip()}"


def cut_off_run(bench: Bench, *arguments: object) -> Row:
    """Run the real command where there is no network but the loopback."""
    tally = Tally("R16", f"leadgain {arguments[0]} on a machine without a network", COMMAND)
    folder = bench.folder / f"cut-off-{arguments[0]}"
    folder.mkdir()
    with tally.trial("the whole run"):
        command = [*_cut_off(), *leadgain(), *map(str, arguments), "--home", str(folder / "home")]
        done = _run(command, folder / "outbound.txt")
        assert done.returncode == 0, done.stderr
        in_force(Home(folder / "home"))
    return tally.row("it is done as ever")


def _run(command: list[str], log: Path) -> "subprocess.CompletedProcess[str]":
    path = os.pathsep.join([str(SANDBOX), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    environment = {**os.environ, "PYTHONPATH": path, "LEADGAIN_OUTBOUND": str(log)}
    for name in (*TOLD_NOTHING, "PREFECT_API_URL", "PREFECT_HOME", "CI", "PYTEST_CURRENT_TEST"):
        environment.pop(name, None)
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=2 * PATIENCE
    )


def cut_off_process(code: str) -> "subprocess.CompletedProcess[str]":
    """Let Python run some code where there is no network but the loopback."""
    command = [*_cut_off(), sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _cut_off() -> list[str]:
    return [*_namespace(), sys.executable, "-m", "tests.faults.offline"]


def _namespace() -> list[str]:
    return ["unshare", "--net", *([] if os.geteuid() == 0 else ["--map-root-user"])]


def loopback_up() -> None:
    """Switch the loopback on, which a new network namespace has switched off."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        request = struct.pack("16sh14s", b"lo", 0, b"")
        _, flags, _ = struct.unpack("16sh14s", fcntl.ioctl(asked, SIOCGIFFLAGS, request))
        fcntl.ioctl(asked, SIOCSIFFLAGS, struct.pack("16sh14s", b"lo", flags | IFF_UP, b""))


def routes() -> list[str]:
    """The ways out of this network namespace; the loopback needs none."""
    return Path("/proc/net/route").read_text().splitlines()[1:]


if __name__ == "__main__":
    loopback_up()
    assert routes() == []
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 (the command to run)
