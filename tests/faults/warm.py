"""The real command without its ten seconds of imports: a process that imports once, then forks.

Each child is the ``leadgain`` command from its first line on: the same arguments, settings, flows
and files. Only what the command imports is imported already, and nothing else has been done.
Run as a module, this file is that process; it takes orders as lines of JSON.
"""

import ctypes
import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import Any

from tests.cheap_tools import (
    copy_migrated_tables,
    leave_pictures_out,
    leave_prefect_out,
    patched,
    run_flows_plainly,
)

ROOT = Path(__file__).parents[2]
KILLED = -signal.SIGKILL
CAPABILITY_VERSION = 0x20080522
OVERRIDE = 1 << 1 | 1 << 2
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH."""
IMPORTED = (
    "pipelines.flows.nightly",
    "pipelines.cli.output",
    "publications.report.report",
    "great_expectations",
    "great_expectations.expectations.core",
    "lightgbm",
    "mlflow",
    "mlflow.tracking",
    "mlflow.store.tracking.sqlalchemy_store",
    "mlflow.store.model_registry.sqlalchemy_store",
    "prefect.client.orchestration",
    "sklearn.linear_model",
    "vl_convert",
    "altair",
)


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code (-9: killed), what it said, how long it took."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def said(self) -> str:
        """Both streams on one line, as a paragraph may be broken anywhere."""
        return " ".join(f"{self.out} {self.err}".split())


@dataclass(frozen=True)
class Child:
    """A command that runs in a fork of the warm process."""

    pid: int
    warm: "Warm"
    folder: Path
    begun: float

    def wait(self, seconds: float = 300.0) -> Ended:
        """Wait until it has ended; one that needs longer is killed and is an error."""
        late = not self._ended(seconds)
        if late:
            os.kill(self.pid, signal.SIGKILL)
        took = time.monotonic() - self.begun
        code = self.warm.ask({"do": "reap", "pid": self.pid})["code"]
        out, err = ((self.folder / name).read_text() for name in ("out", "err"))
        if late:
            raise TimeoutError(f"The command took more than {seconds:g} s: {out} {err}")
        return Ended(code, out, err, took)

    def kill(self) -> None:
        """End it as ``kill -9`` does."""
        os.kill(self.pid, signal.SIGKILL)

    def _ended(self, seconds: float) -> bool:
        descriptor = os.pidfd_open(self.pid)
        try:
            return bool(select.select([descriptor], [], [], seconds)[0])
        finally:
            os.close(descriptor)


class Warm:
    """The warm process, seen from outside. Threads may share it."""

    def __init__(self, folder: Path, environment: Mapping[str, str], *, whole: bool) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        tools = (str(folder / "mlflow.db"), "whole" if whole else "cheap")
        self.started = 0
        self.lock = Lock()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.warm", *tools],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, order: Mapping[str, Any]) -> Any:
        """Give one order and take its answer."""
        with self.lock:
            assert self.process.stdin is not None
            assert self.process.stdout is not None
            with suppress(BrokenPipeError):
                self.process.stdin.write(json.dumps(order) + "\n")
                self.process.stdin.flush()
            answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError("The warm process has ended; see what it said above.")
        return json.loads(answer)

    def start(
        self,
        arguments: Sequence[object],
        *,
        environment: Mapping[str, str] | None = None,
        as_anybody: bool = False,
        file_size: int | None = None,
        replaced: Mapping[str, Any] | None = None,
        flow: Mapping[str, Any] | None = None,
    ) -> Child:
        """Start a command.

        Parameters
        ----------
        arguments : of ``leadgain``
        environment : variables for this command only
        as_anybody : without root's power to write where nobody may
        file_size : the largest file it may write, in bytes
        replaced : "module:name" -> what is put there before the command begins: a number, or
            again "module:name"
        flow : arguments of the flow at ``arguments[0]`` ("module:name"), which is called instead
        """
        with self.lock:
            self.started += 1
            folder = self.folder / f"{self.started}"
        folder.mkdir(parents=True)
        begun = time.monotonic()
        order = {
            "do": "start",
            "arguments": [str(argument) for argument in arguments],
            "environment": dict(environment or {}),
            "as_anybody": as_anybody,
            "file_size": file_size,
            "replaced": dict(replaced or {}),
            "flow": None if flow is None else dict(flow),
            "folder": str(folder),
        }
        return Child(self.ask(order)["pid"], self, folder, begun)

    def run(self, *arguments: object, **how: Any) -> Ended:
        """Start a command and wait until it has ended."""
        return self.start(arguments, **how).wait()

    def stop(self) -> None:
        """End the warm process; its children end by themselves."""
        if self.process.stdin is not None:
            with suppress(BrokenPipeError):
                self.process.stdin.close()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


def serve() -> None:
    """Be the warm process until the input ends."""
    from features.matrix import compile_kernel

    for name in IMPORTED:
        import_module(name)
    compile_kernel()
    template, whole = Path(sys.argv[1]), sys.argv[2] == "whole"
    with ExitStack() as until_done:
        until_done.enter_context(copy_migrated_tables(template))
        if not whole:
            until_done.enter_context(patched(leave_pictures_out))
            run_flows_plainly(until_done.enter_context(patched(leave_prefect_out)))
        _take_orders()


def _take_orders() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        if order["do"] == "start":
            answer = {"pid": _fork(order)}
        else:
            _, status = os.waitpid(order["pid"], 0)
            answer = {"code": os.waitstatus_to_exitcode(status)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _fork(order: Mapping[str, Any]) -> int:
    child = os.fork()
    if child:
        return child
    try:
        _become(order)
    finally:
        os._exit(70)  # `_become` ends the process itself


def _become(order: Mapping[str, Any]) -> None:
    folder = Path(order["folder"])
    for name, stream in (("out", 1), ("err", 2)):
        os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT, 0o666), stream)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.environ.update(order["environment"])
    time.tzset()
    for place, value in order["replaced"].items():
        module, name = place.split(":")
        setattr(import_module(module), name, _named(value) if isinstance(value, str) else value)
    if order["file_size"] is not None:
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["file_size"], hard))
    if order["as_anybody"]:
        _give_up_override()
    code: Any = 70
    try:
        _work(order)
        code = 0
    except SystemExit as stop:
        code = stop.code
    except BaseException:  # a traceback with --debug; whatever it is, this process ends here
        import traceback

        traceback.print_exc()
    finally:
        _end(code if isinstance(code, int) else 0)


def _give_up_override() -> None:
    """Let permissions count: root without these capabilities is its files' owner and no more."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable, of 32 capabilities each
    for call in ("capget", "capset"):
        if getattr(libc, call)(header, sets):
            raise OSError(ctypes.get_errno(), call)
        for number in range(3):
            sets[number] &= ~OVERRIDE


def _work(order: Mapping[str, Any]) -> None:
    if order["flow"] is None:
        from pipelines.cli.main import main

        main(order["arguments"])
    else:
        (place,) = order["arguments"]
        flow = _named(place)
        flow(**flow.validate_parameters(order["flow"]))


def _named(place: str) -> Any:
    module, name = place.split(":")
    return getattr(import_module(module), name)


def _end(code: int) -> None:
    import atexit

    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


if __name__ == "__main__":
    serve()
