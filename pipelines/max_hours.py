"""A scheduled run that hangs is ended, so that it does not keep all others from their night."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer

from pipelines.exits import OUR_FAULT
from publications.home import Home


@contextmanager
def given_up_after(hours: float, scheduled: str, home: Home) -> Iterator[None]:
    """End this process if the block takes longer: whatever hangs, the next night shall work.

    The process behind the schedule sees it gone and tells people. Nothing is half published by
    that; see docs/reliability.md.
    """
    late = Timer(3600 * hours, _give_up, [hours, scheduled, home])
    late.daemon = True
    late.start()
    try:
        yield
    finally:
        late.cancel()


def _give_up(hours: float, scheduled: str, home: Home) -> None:
    from pipelines.reporting import run_log

    with run_log(home) as log:
        log.error("%s: still at work after %g hours (max_hours), so it is ended.", scheduled, hours)
    os._exit(OUR_FAULT)
