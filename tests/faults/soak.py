"""Twenty scheduled runs in a row: the serving processes need no more memory and files."""

import asyncio
import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import pandas as pd

from publications.storage.home import Home
from tests.faults.bench import FIRST, PATIENCE, Bench, Lane, in_force, leadgain
from tests.faults.counts import COMMAND, Row, Tally

FLAT = 0.05
RUNS, EARLY, LATE = 20, slice(3, 8), slice(15, 20)
"""Runs 4 to 8 against runs 16 to 20: before them everything is used for the first time."""
UNPLANNED = "0 0 1 1 *"
READY_SECONDS = 120.0


@dataclass(frozen=True)
class Sample:
    """What a process holds after a run."""

    megabytes: float
    """Memory of its own, in MiB (proportional set size)."""
    files: int


def scheduled_runs(bench: Bench, runs: int = RUNS) -> Row:
    """Serve a schedule, let it work so many times, and look at it after each run."""
    tally = Tally("schedule", f"{runs} runs of one `leadgain serve` in a row", COMMAND)
    lane = bench.lane("soak").prepare()
    told = ""
    with tally.trial("memory and open files"):
        samples = _serve(lane, runs)
        told = "; ".join(_describe_growth(name, of) for name, of in samples.items())
        (lane.folder / "samples.txt").write_text(f"{samples}\n")
        growing = [grown for name, of in samples.items() for grown in _growth(name, of)]
        assert growing == [], "; ".join(growing)
    return tally.row(told)


def _serve(lane: Lane, runs: int) -> dict[str, list[Sample]]:
    folder, home = lane.folder, lane.home
    variables = {
        "LEADGAIN_SCHEDULE__SCORE": UNPLANNED,
        "LEADGAIN_SCHEDULE__TRAIN": "",
        "LEADGAIN_PUBLICATIONS__KEEP": "7",
    }
    environment = {**os.environ, **variables}
    for name in ("PREFECT_API_URL", "PREFECT_HOME"):
        environment.pop(name, None)
    arguments = ["serve", "--config", str(lane.config), "--home", str(home.folder)]
    with (folder / "said.txt").open("w") as said:
        process = subprocess.Popen(
            [*leadgain(), *arguments], env=environment, stdout=said, stderr=subprocess.STDOUT
        )
    try:
        server, url = _server_of(process, folder / "said.txt")
        watched = {"serve": process.pid, "its server": server}
        samples: dict[str, list[Sample]] = {name: [] for name in watched}
        for number in range(runs):
            as_of = pd.Timestamp(FIRST) + pd.Timedelta(hours=number + 1)
            asyncio.run(_run_once(url, lane.config, home, as_of.isoformat()))
            published = pd.Timestamp(in_force(home).manifest["as_of"])
            assert published == as_of, f"run {number + 1} left the list of {published}"
            for name, pid in watched.items():
                samples[name].append(_sample(pid))
        return samples
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


async def _run_once(url: str, config: Path, home: Home, as_of: str) -> None:
    """Let the deployment work once, for another instant, and wait until it is done."""
    from prefect.client.orchestration import PrefectClient

    async with PrefectClient(url) as client:
        deployment = await _deployment(client)
        parameters: dict[str, Any] = {
            "request": {"config": str(config), "home": str(home.folder), "as_of": as_of}
        }
        run = await client.create_flow_run_from_deployment(deployment.id, parameters=parameters)
        deadline = time.monotonic() + PATIENCE
        while run.state is None or not run.state.is_final():
            assert time.monotonic() < deadline, f"the run of {as_of} is {run.state}"
            await asyncio.sleep(0.5)
            run = await client.read_flow_run(run.id)
        assert run.state.is_completed(), f"the run of {as_of} is {run.state}"


async def _deployment(client: Any) -> Any:
    """The deployment, which the schedule registers a moment after it has said so."""
    from prefect.exceptions import ObjectNotFound

    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            return await client.read_deployment_by_name("run/score")
        except ObjectNotFound:
            assert time.monotonic() < deadline, "the deployment is not there"
            await asyncio.sleep(0.2)


def _server_of(process: "subprocess.Popen[bytes]", said: Path) -> tuple[int, str]:
    """The process and the address of the Prefect server that serve has started."""
    deadline = time.monotonic() + READY_SECONDS
    while True:
        assert process.poll() is None, said.read_text()
        assert time.monotonic() < deadline, f"not ready: {said.read_text()}"
        if "Ctrl-C ends the schedule" in said.read_text():
            break
        time.sleep(0.2)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    (server,) = [int(pid) for pid in children if "prefect_server" in _command_line(int(pid))]
    return server, f"http://127.0.0.1:{_port_of(server)}/api"


def _command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")


def _port_of(pid: int) -> int:
    """The port on which a process listens."""
    own = {str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()}
    for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
        _, local, _, state, *_, inode = line.split()[:10]
        if state == "0A" and f"socket:[{inode}]" in own:
            return int(local.partition(":")[2], 16)
    raise LookupError(f"process {pid} listens nowhere")


def _sample(pid: int) -> Sample:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
    assert found
    return Sample(int(found[1]) / 1024, len(list(Path(f"/proc/{pid}/fd").iterdir())))


def _growth(name: str, samples: list[Sample]) -> list[str]:
    grown = []
    for what in ("megabytes", "files"):
        early, late = (_mean(samples, what, part) for part in _parts(samples))
        if late > early * (1 + FLAT):
            grown.append(f"{name}: {what} from {early:.1f} to {late:.1f}")
    return grown


def _describe_growth(name: str, samples: list[Sample]) -> str:
    parts = _parts(samples)
    (memory, later), (files, then) = (
        tuple(_mean(samples, what, part) for part in parts) for what in ("megabytes", "files")
    )
    return f"{name}: {memory:.0f} to {later:.0f} MB, {files:.0f} to {then:.0f} open files"


def _parts(samples: list[Sample]) -> tuple[slice, slice]:
    """Which runs are compared; with fewer than twenty, the two halves after the first."""
    if len(samples) >= RUNS:
        return EARLY, LATE
    half = (len(samples) + 1) // 2
    return slice(min(1, len(samples) - 1), half), slice(half, None)


def _mean(samples: list[Sample], what: str, part: slice) -> float:
    chosen = samples[part] or samples
    return mean(float(getattr(sample, what)) for sample in chosen)
