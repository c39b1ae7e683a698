"""Every run leaves a line in the log, and one that fails is told to people."""

import logging
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from crm.errors import DataRefused
from pipelines.config.run_request import resolve_home
from pipelines.config.settings import load_alerts
from pipelines.runtime.alerts import Alert, send_alert
from pipelines.runtime.exit_codes import describe_error, find_exit_code
from pipelines.runtime.progress import Advance, Step, describe_versions, use_listener
from publications.storage.home import Home
from publications.storage.store import PublicationDamaged, open_current

LOG_FILE = "leadgain.log"
LOG_BYTES, LOGS_KEPT = 2**20, 5
REPEAT_SECONDS = 6 * 3600.0


class LogFile(RotatingFileHandler):
    """A log that a full disk does not stop: the run itself tells of that."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (logging's name)
        """Lose the line."""


class StepLog:
    """Writes each step of a run into its log."""

    def __init__(self, log: logging.Logger, flow: str) -> None:
        self._log, self._flow = log, flow

    def begin(self, title: str) -> Advance:  # noqa: ARG002 (a step is logged when it has ended)
        """Take no progress."""
        return lambda done, total: None  # noqa: ARG005

    def end(self, step: Step) -> None:
        """Log rows, seconds and memory."""
        self._log.info("%s: %s.", self._flow, step.describe())


class RunReport:
    """Takes what a run came to; see :func:`log_run`."""

    def __init__(self) -> None:
        self.summary = "done."

    def done(self, outcome: object) -> None:
        """Remember what a flow returned."""
        self.summary = str(getattr(outcome, "summary", self.summary))


@contextmanager
def log_run(flow: str, config: str, home: str) -> Iterator[RunReport]:
    """Log how a run ends; where it fails, send an alert, and raise again.

    Parameters
    ----------
    flow : "run", "score" or "train"
    config, home : paths, as the flow has them
    """
    place, started, report = resolve_home(Path(home)), time.monotonic(), RunReport()
    with open_run_log(place) as log, use_listener(StepLog(log, flow)):
        log.info("%s: started with %s.", flow, describe_versions())
        try:
            yield report
        except Exception as error:
            _report_failure(log, flow, error, config, place)
            raise
        except BaseException as stop:
            log.warning("%s: stopped from outside (%s).", flow, type(stop).__name__)
            raise
        log.info("%s: %s (%.0f s)", flow, report.summary, time.monotonic() - started)


def alert_failed_start(flow: str, error: BaseException, config: str, home: str) -> None:
    """Log and tell of a run that failed before it began; a home that is not there is not made.

    A schedule that is started again and again tells the same once in six hours.
    """
    place = resolve_home(Path(home))
    if flow == "serve" and _is_repeated(place, error):
        return
    if place.folder.is_dir():
        with open_run_log(place) as log:
            _report_failure(log, flow, error, config, place)
    else:
        send_alert(build_failure_alert(flow, error, place), load_alerts(Path(config)))


def _is_repeated(home: Home, error: BaseException) -> bool:
    """Whether the last line of the log says the same, and is not old."""
    file = home.logs / LOG_FILE
    try:
        *_, last = file.read_text(encoding="utf-8").splitlines()
        age = time.time() - file.stat().st_mtime
    except (OSError, ValueError):  # no log, or nothing in it
        return False
    return last.endswith(describe_error(error).splitlines()[-1]) and age < REPEAT_SECONDS


def _report_failure(
    log: logging.Logger, flow: str, error: BaseException, config: str, home: Home
) -> None:
    log.error("%s: exit code %d. %s", flow, find_exit_code(error), describe_error(error))
    _send_alert(log, flow, build_failure_alert(flow, error, home), config)


def _send_alert(log: logging.Logger, flow: str, alert: Alert, config: str) -> None:
    """Send an alert, and log what could not be delivered."""
    for failure in send_alert(alert, load_alerts(Path(config))):
        log.warning("%s: %s", flow, failure)


def build_failure_alert(flow: str, error: BaseException, home: Home) -> Alert:
    """The alert about a failed run."""
    what = "refused the export" if isinstance(error, DataRefused) else "failed"
    return Alert(
        subject=f"leadgain on {socket.gethostname()}: {flow} {what}",
        text=(
            f"{describe_error(error)}\n\n{_describe_current_list(home)}\n\n"
            f"Exit code {find_exit_code(error)}. Home folder {home.folder}; its {home.logs.name}/"
            f"{LOG_FILE} has a line for every run."
        ),
    )


def build_crash_alert(flow: str, home: Home) -> Alert:
    """The alert about a run whose process was killed."""
    return Alert(
        subject=f"leadgain on {socket.gethostname()}: {flow} was killed",
        text=(
            f"The process of a scheduled {flow} was killed: out of memory, "
            f"longer than [schedule] max_hours, or a machine that went down. "
            f"{_describe_current_list(home)} The next run starts from there."
        ),
    )


def alert_outage(gone: str, config: str, home: Home) -> None:
    """Log and send an alert that the schedule waits for Prefect's server."""
    alert = Alert(
        subject=f"leadgain on {socket.gethostname()}: the schedule waits for Prefect",
        text=f"{gone}\n\n{_describe_current_list(home)}",
    )
    with open_run_log(home) as log:
        log.error("serve: %s", gone)
        _send_alert(log, "serve", alert, config)


def build_test_alert(home: Home) -> Alert:
    """The alert of ``leadgain serve --test-alerts``."""
    return Alert(
        subject=f"leadgain on {socket.gethostname()}: test alert",
        text=(
            "leadgain will send an alert like this about a failed run or a refused export. "
            f"{_describe_current_list(home)}"
        ),
    )


def alert_crash(flow: Any, flow_run: Any, state: Any) -> None:  # noqa: ARG001 (Prefect's names)
    """Send an alert about a scheduled run whose process is gone, from its parent process."""
    if flow_run.deployment_id is None:
        return
    home = resolve_home(Path(flow_run.parameters["request"]["home"]))
    with open_run_log(home) as log:
        log.error("%s: killed or crashed.", flow.name)
        _send_alert(
            log,
            flow.name,
            build_crash_alert(flow.name, home),
            flow_run.parameters["request"]["config"],
        )


def _describe_current_list(home: Home) -> str:
    try:
        publication = open_current(home)
    except PublicationDamaged as error:
        return str(error)
    except OSError as error:  # the home folder is closed to us, which is why there is an alert
        return f"The current list cannot be read: {error.strerror}."
    if publication is None:
        return "There is no current list."
    as_of = publication.manifest["as_of"][:16].replace("T", " ")
    return f"The current list is publication {publication.number}, as of {as_of} UTC."


@contextmanager
def open_run_log(home: Home) -> Iterator[logging.Logger]:
    """The log of a home folder, and of a schedule's error stream; it never ends a run."""
    log = logging.Logger("leadgain", level=logging.INFO)
    shape = logging.Formatter("%(asctime)sZ %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")
    shape.converter = time.gmtime
    handlers: list[logging.Handler] = []
    if is_scheduled():
        handlers.append(logging.StreamHandler(sys.stderr))
    with suppress(OSError):  # a full disk or a closed folder is told by the run itself
        home.make(home.logs)
        handlers.append(LogFile(home.logs / LOG_FILE, maxBytes=LOG_BYTES, backupCount=LOGS_KEPT))
    for handler in handlers:
        handler.setFormatter(shape)
        log.addHandler(handler)
    try:
        yield log
    finally:
        for handler in handlers:
            handler.close()


def is_scheduled() -> bool:
    """Whether a schedule started this run, and not somebody at a terminal.

    Prefect is not imported for that: a run of the schedule's has it, and what failed before may
    have failed because Prefect cannot read its folder.
    """
    if "prefect" not in sys.modules:
        return False
    from prefect.runtime import deployment

    return bool(deployment.id)
