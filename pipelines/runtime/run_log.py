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
from pipelines.config.run_context import home_at
from pipelines.config.sections import AlarmsSection
from pipelines.config.settings import load_alarms
from pipelines.runtime.alerts import Alarm, send
from pipelines.runtime.exit_codes import exit_code_of, paragraph_of
from publications.storage.home import Home
from publications.storage.store import PublicationDamaged, current

LOG_FILE = "leadgain.log"
LOG_BYTES, LOGS_KEPT = 2**20, 5
TOLD_AGAIN_SECONDS = 6 * 3600.0


class LogFile(RotatingFileHandler):
    """A log that a full disk does not stop: the run itself tells of that."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (logging's name)
        """Lose the line."""


class Report:
    """Takes what a run came to; see :func:`reported`."""

    def __init__(self) -> None:
        self.told = "done."

    def done(self, outcome: object) -> None:
        """Remember what a flow returned."""
        self.told = str(getattr(outcome, "told", self.told))


@contextmanager
def reported(flow: str, config: str, home: str) -> Iterator[Report]:
    """Log how a run ends; where it fails, tell those whom ``[alarms]`` names, and raise again.

    Parameters
    ----------
    flow : "run", "score" or "train"
    config, home : paths, as the flow has them
    """
    place, started, report = home_at(Path(home)), time.monotonic(), Report()
    with run_log(place) as log:
        _warn_of_alarms(log, flow, config)
        try:
            yield report
        except Exception as error:
            _tell(log, flow, error, config, place)
            raise
        except BaseException as stop:
            log.warning("%s: ended from outside (%s).", flow, type(stop).__name__)
            raise
        log.info("%s: %s (%.0f s)", flow, report.told, time.monotonic() - started)


def tell_of_false_start(flow: str, error: BaseException, config: str, home: str) -> None:
    """Log and tell of a run that failed before it began; a home that is not there is not made.

    A schedule that is started again and again tells the same once in six hours.
    """
    place = home_at(Path(home))
    if flow == "serve" and _just_told(place, error):
        return
    if place.folder.is_dir():
        with run_log(place) as log:
            _tell(log, flow, error, config, place)
    else:
        send(alarm_of(flow, error, place), alarms_of(config))


def _just_told(home: Home, error: BaseException) -> bool:
    """Whether the last line of the log says the same, and is not old."""
    file = home.logs / LOG_FILE
    try:
        *_, last = file.read_text(encoding="utf-8").splitlines()
        age = time.time() - file.stat().st_mtime
    except (OSError, ValueError):  # no log, or nothing in it
        return False
    return last.endswith(paragraph_of(error).splitlines()[-1]) and age < TOLD_AGAIN_SECONDS


def _warn_of_alarms(log: logging.Logger, flow: str, config: str) -> None:
    for mistake in alarms_of(config).mistakes:
        log.warning("%s: %s", flow, mistake)


def _tell(log: logging.Logger, flow: str, error: BaseException, config: str, home: Home) -> None:
    log.error("%s: exit code %d. %s", flow, exit_code_of(error), paragraph_of(error))
    _send(log, flow, alarm_of(flow, error, home), config)


def _send(log: logging.Logger, flow: str, alarm: Alarm, config: str) -> None:
    """Send an alarm; who could not be told stands in the log."""
    for failure in send(alarm, alarms_of(config)):
        log.warning("%s: %s", flow, failure)


def alarm_of(flow: str, error: BaseException, home: Home) -> Alarm:
    """What people are told of a run that failed."""
    what = "refused the export" if isinstance(error, DataRefused) else "failed"
    return Alarm(
        subject=f"leadgain on {socket.gethostname()}: {flow} {what}",
        text=(
            f"{paragraph_of(error)}\n\n{_in_force(home)}\n\n"
            f"Exit code {exit_code_of(error)}. Home folder {home.folder}; its {home.logs.name}/"
            f"{LOG_FILE} tells of every run."
        ),
    )


def crash_of(flow: str, home: Home) -> Alarm:
    """What people are told of a run whose process was ended from outside."""
    return Alarm(
        subject=f"leadgain on {socket.gethostname()}: {flow} was killed",
        text=(
            f"The process of a scheduled {flow} ended without a word: killed, out of memory, at "
            f"work for longer than [schedule] max_hours, or the machine went down. "
            f"{_in_force(home)} The next run starts from there."
        ),
    )


def tell_of_silence(gone: str, config: str, home: Home) -> None:
    """Log and tell that the schedule waits for Prefect's server."""
    alarm = Alarm(
        subject=f"leadgain on {socket.gethostname()}: the schedule waits for Prefect",
        text=f"{gone}\n\n{_in_force(home)}",
    )
    with run_log(home) as log:
        log.error("serve: %s", gone)
        _send(log, "serve", alarm, config)


def trial_alarm(home: Home) -> Alarm:
    """What people are told when somebody tries whether they can be reached."""
    return Alarm(
        subject=f"leadgain on {socket.gethostname()}: this is a test",
        text=(
            "This is how leadgain tells you of a run that failed or an export that it refused. "
            f"{_in_force(home)}"
        ),
    )


def tell_of_crash(flow: Any, flow_run: Any, state: Any) -> None:  # noqa: ARG001 (Prefect's names)
    """Tell of a scheduled run whose process is gone, from the process that started it."""
    if flow_run.deployment_id is None:
        return
    home = home_at(Path(flow_run.parameters["home"]))
    with run_log(home) as log:
        log.error("%s: killed, or ended without a word.", flow.name)
        _send(log, flow.name, crash_of(flow.name, home), flow_run.parameters["config"])


def _in_force(home: Home) -> str:
    try:
        publication = current(home)
    except PublicationDamaged as error:
        return str(error)
    except OSError as error:  # the home folder is closed to us, which is why there is an alarm
        return f"Which list is in force cannot be told: {error.strerror}."
    if publication is None:
        return "No list is in force."
    as_of = publication.manifest["as_of"][:16].replace("T", " ")
    return f"The list in force is publication {publication.number}, as of {as_of} UTC."


def alarms_of(config: str) -> AlarmsSection:
    """Who is to be told; where leadgain.toml is broken elsewhere, its ``[alarms]`` still count."""
    return load_alarms(Path(config))


@contextmanager
def run_log(home: Home) -> Iterator[logging.Logger]:
    """The log of a home folder, and of a schedule's error stream; it never ends a run."""
    log = logging.Logger("leadgain", level=logging.INFO)
    shape = logging.Formatter("%(asctime)sZ %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")
    shape.converter = time.gmtime
    handlers: list[logging.Handler] = []
    if is_scheduled():
        handlers.append(logging.StreamHandler(sys.stderr))
    with suppress(OSError):  # a full disk or a closed folder is told by the run itself
        home.logs.mkdir(parents=True, exist_ok=True)
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
