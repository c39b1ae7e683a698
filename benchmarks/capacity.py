"""Memory, time and disk of what the operations guide's "Capacity" tells of.

``.venv/bin/python benchmarks/capacity.py`` measures the real commands, each in processes of its
own, on the demo's data and on a simulated CRM of ``--leads`` leads (100,000), writes
docs/capacity.json, and with it the table of the guide. On two quiet cores it takes about five
minutes. ``--to FILE`` writes the figures elsewhere and leaves the guide alone.

- memory at its peak: the largest process of the command (``ru_maxrss``, exact)
- with Prefect's server: that, and the most that the other processes of the command took together,
  by their proportional share of memory (``Pss``: shared libraries count once), looked at twice a
  second
- computing: seconds of the processor, of the command and all that it started
- at rest: the same share of ``leadgain serve`` and of servers, when nothing is asked of them
- on disk: the home folder, its list and its model, once the first run is done
"""

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.request import urlopen

ROOT = Path(__file__).parents[1]
LEADGAIN = (sys.executable, "-c", "from pipelines.cli.main import main; main()")
SAMPLING_SECONDS = 0.5
COMPOSE_ENVIRONMENT = {
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
}
"""What compose.yaml sets for its servers; they keep their records in SQLite here."""
REST_SECONDS = 15.0
"""After a start, until what was needed for it only is given back."""


@dataclass(frozen=True)
class CommandCost:
    """What a command took."""

    peak_gb: float
    with_server_gb: float
    seconds: float
    cpu_seconds: float


def measure_command(command: Sequence[str], home: Path) -> CommandCost:
    """Run a command to its end and measure it.

    Raises
    ------
    SystemExit
        It failed; with what it said.
    """
    with (home.parent / "said.txt").open("wb+") as said:
        begin = time.perf_counter()
        process = subprocess.Popen(
            command, env=_build_environment(home), stdout=said, stderr=said, cwd=home.parent
        )
        with sample_memory(process.pid) as shares:
            _, status, used = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise SystemExit(said.read().decode())
    largest = used.ru_maxrss * 1024 / 1e9
    in_all = largest + max(shares, default=0.0)
    return CommandCost(largest, in_all, seconds, used.ru_utime + used.ru_stime)


@contextmanager
def sample_memory(pid: int) -> Iterator[list[float]]:
    """Look at all below a process until the block is done; their shares in GB."""
    shares: list[float] = []
    over = threading.Event()

    def look() -> None:
        while not over.wait(SAMPLING_SECONDS):
            shares.append(sum(map(_read_pss_gb, find_descendants(pid))))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield shares
    finally:
        over.set()
        looking.join()


def measure_memory_gb(pid: int) -> float:
    """Proportional share of memory of a process and all below it."""
    return sum(_read_pss_gb(one) for one in (pid, *find_descendants(pid)))


def find_descendants(pid: int) -> list[int]:
    """Processes that a process has started, and those that they have."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:  # it has ended
            continue
        parents.setdefault(parent, []).append(int(folder.name))
    found, to_do = [], [pid]
    while to_do:
        children = parents.get(to_do.pop(), [])
        found += children
        to_do += children
    return found


def _read_pss_gb(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has ended
        return 0.0
    found = [int(line.split()[1]) * 1024 / 1e9 for line in lines if line.startswith("Pss:")]
    return sum(found)


def _build_environment(home: Path) -> dict[str, str]:
    """As a service has it: nothing of leadgain, MLflow or Prefect set but the home folder."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("LEADGAIN_", "PREFECT_", "MLFLOW_"))
    }
    return kept | {"LEADGAIN_HOME": str(home), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


def measure_runs(data: str, config: Path, home: Path) -> list[dict[str, Any]]:
    """A run with a training into an empty home folder, and a scoring after it."""
    rows = []
    for what, arguments in (
        ("a run with a training", ("run",)),
        ("a scoring", ("score", "--again")),
    ):
        print(f"{data}: {what} ...", flush=True)
        took = measure_command((*LEADGAIN, *arguments, "--config", str(config)), home)
        print(f"  {took.peak_gb:.2f} GB, {took.seconds:.0f} s", flush=True)
        rows.append(
            {"data": data, **_count_rows(home), "what": what, **_round_figures(asdict(took))}
        )
    return rows


def _count_rows(home: Path) -> dict[str, int]:
    """How much there was to work on, by the publication in force."""
    counts = _read_manifest(home)["counts"]
    rows = {one["table"]: one["kept"] for one in counts["rows"]}
    return {
        "leads": rows["leads"],
        "activities": rows.get("activities", 0),
        "open_leads": counts["leads_listed"],
    }


def _read_manifest(home: Path) -> Any:
    return json.loads((_find_publication(home) / "manifest.json").read_text())


def _find_publication(home: Path) -> Path:
    return home / "publications" / (home / "CURRENT").read_text().strip()


def measure_disk(data: str, home: Path) -> dict[str, Any]:
    """Megabytes of a home folder after its first run."""
    model = sum(_count_bytes(home / part) for part in ("models", "mlartifacts"))
    sizes = {
        "home_mb": _count_bytes(home),
        "list_mb": _count_bytes(_find_publication(home)),
        "training_mb": model,
    }
    return {"data": data, **_round_figures({name: size / 1e6 for name, size in sizes.items()})}


def _count_bytes(folder: Path) -> int:
    """What the files take on the disk."""
    return sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if file.is_file())


def measure_idle_memory(config: Path, home: Path) -> list[dict[str, Any]]:
    """Memory of what runs all day, once it is up and nothing is asked of it."""
    mlflow = ("-m", "mlflow", "server", "--port", "{port}", "--workers", "1", "--backend-store-uri")
    store = f"sqlite:///{home / 'mlflow.db'}"
    prefect = ("-m", "prefect", "server", "start", "--no-ui", "--port", "{port}")
    serve = (*LEADGAIN[1:], "serve", "--config", str(config))
    kept = {
        "`leadgain serve`, with the server that it brings": serve,
        "Prefect's server of `compose.yaml`": prefect,
        "MLflow's server of `compose.yaml`": (*mlflow, store),
    }
    rows = []
    for what, arguments in kept.items():
        print(f"{what} ...", flush=True)
        rows.append({"what": what, **_round_figures({"gb": _measure_idle_gb(arguments, home)})})
    return rows


def _measure_idle_gb(arguments: Sequence[str], home: Path) -> float:
    port = _find_free_port()
    command = [sys.executable, *(part.format(port=port) for part in arguments)]
    said = home.parent / "said.txt"
    with said.open("wb") as log:
        process = subprocess.Popen(
            command,
            env=_build_environment(home)
            | COMPOSE_ENVIRONMENT
            | {"PREFECT_HOME": str(home / "prefect")},
            stdout=log,
            stderr=log,
            cwd=home.parent,
            start_new_session=True,
        )
    try:
        _wait_until_up(process, port, said)
        time.sleep(REST_SECONDS)
        return measure_memory_gb(process.pid)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


def _wait_until_up(process: "subprocess.Popen[bytes]", port: int, said: Path) -> None:
    """Until the schedule says when it works next, or a server answers."""
    deadline = time.monotonic() + 180
    while "Ctrl-C ends the schedule" not in said.read_text():
        try:
            urlopen(f"http://127.0.0.1:{port}/api/health", timeout=5).close()
        except OSError as error:
            if getattr(error, "code", 0) == 404:  # MLflow's health lies elsewhere
                return
        else:
            return
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(said.read_text())
        time.sleep(0.2)


def _find_free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def _round_figures(figures: Mapping[str, float]) -> dict[str, float]:
    """Three digits are more than the guide shows."""
    return {name: float(f"{value:.3g}") for name, value in figures.items()}


def describe_machine() -> dict[str, Any]:
    """What it was measured on."""
    cpu = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in cpu if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return {
        "processor": names[0] if names else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(memory, 1),
        "python": platform.python_version(),
        "system": platform.platform(),
    }


def describe_commit() -> str:
    """The commit that is measured; with a plus where its files were changed."""
    asked = ("git", "describe", "--always", "--abbrev=8", "--dirty=+", "--exclude=*")
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def measure_capacity(leads: int, scratch: Path) -> dict[str, Any]:
    """Everything that docs/capacity.json holds."""
    figures: dict[str, Any] = {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "commit": describe_commit(),
        "leadgain": version("leadgain"),
        "machine": describe_machine(),
        "load_before": round(os.getloadavg()[0], 2),
        "runs": [],
        "disk": [],
    }
    crm = scratch / "crm"
    simulate = (*LEADGAIN, "simulate", "--leads", str(leads), "--to", str(crm))
    subprocess.run(simulate, env=_build_environment(scratch / "home"), check=True, cwd=scratch)
    demo = ROOT / "data" / "loan_applications"
    for data, folder in (("the demo", demo), ("a simulated CRM", crm)):
        home = scratch / data.replace(" ", "-") / "home"
        home.mkdir(parents=True)
        trained, scored = measure_runs(data, folder / "leadgain.toml", home)
        figures["runs"] += [trained, scored]
        figures["disk"].append(measure_disk(data, home))
    figures["at_rest"] = measure_idle_memory(crm / "leadgain.toml", home)
    return figures


def main() -> None:
    """Measure, write, and tell how long it took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--leads", type=int, default=100_000)
    parser.add_argument("--to", type=Path, help="write the figures here, and not into the guide")
    arguments = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    from docs.capacity import FIGURES, refresh

    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        figures = measure_capacity(arguments.leads, Path(scratch))
    to = arguments.to or FIGURES
    to.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    if arguments.to is None:
        refresh()
    print(f"{to} written after {time.perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    main()
