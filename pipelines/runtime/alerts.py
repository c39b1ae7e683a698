"""Alerts about runs that failed, sent by apprise to the addresses of ``[alerts]``.

apprise is imported only where there is an address: it loads all of its services at once.
docs/decisions/1302-apprise.md says what it is kept from.
"""

import logging
import re
from dataclasses import dataclass
from ipaddress import ip_address
from threading import Thread
from typing import TYPE_CHECKING

from crm.errors import ConfigurationError
from pipelines.config.sections import AlertsSection

if TYPE_CHECKING:
    from apprise import NotifyBase

LIMIT_SECONDS = 60.0
"""One address may take as long; apprise's own limits are for each step of a conversation."""


@dataclass(frozen=True)
class Alert:
    """Subject and text of a message to people."""

    subject: str
    """One line."""
    text: str
    """Paragraphs: what happened, where, what to do."""


def refuse_unusable_urls(section: AlertsSection) -> None:
    """Check every address of ``[alerts]`` without sending anything.

    Raises
    ------
    ConfigurationError
        apprise does not understand one, or it would send a password unencrypted.
    """
    for position in range(len(section.urls)):
        _load_service(section, position)


def send_alert(alert: Alert, section: AlertsSection) -> list[str]:
    """Send an alert to every address of ``[alerts]``; never raises, never takes for ever.

    Returns
    -------
    One sentence for each address that failed, without the address; empty where all was delivered
    or there is no address.
    """
    failed = []
    for position in range(len(section.urls)):
        try:
            reason = _deliver(alert, _load_service(section, position))
        except ConfigurationError as error:
            failed.append(str(error))
        else:
            if reason:
                failed.append(f"Alert not delivered to {_name_url(section, position)}: {reason}.")
    return failed


def _name_url(section: AlertsSection, position: int) -> str:
    """Which address is meant: of the URL itself only the scheme, every other part may be secret."""
    scheme = section.urls[position].get_secret_value().partition("://")[0]
    return f"[alerts] urls.{position} ({scheme})"


def _load_service(section: AlertsSection, position: int) -> "NotifyBase":
    _silence_log()
    from apprise import Apprise, AppriseAsset
    from apprise.logger import LogCapture

    asset = AppriseAsset(
        app_id="leadgain",
        app_desc="leadgain",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        http_redirects=False,  # a sign-in page answers "200 OK" and delivers nothing
        async_mode=False,
    )
    named = _name_url(section, position)
    with LogCapture(level=logging.WARNING, fmt="%(message)s") as warnings:
        service = Apprise.instantiate(section.urls[position].get_secret_value(), asset=asset)
        dropped = "Dropped invalid" in warnings.getvalue()
    if service is None or dropped:
        raise ConfigurationError(
            f"{named} is not an address that apprise understands. Compare it with "
            "https://appriseit.com/services/; in a password, / ? # @ : and % are written %2F %3F "
            "%23 %40 %3A and %25."
        )
    if _sends_password_in_clear(service):
        raise ConfigurationError(
            f"{named} would send its password unencrypted. Write {service.secure_protocol}:// "
            f"instead of {service.protocol}://."
        )
    return service


def _silence_log() -> None:
    """Keep apprise's log from every other one: it may name people, and in detail secrets."""
    log = logging.getLogger("apprise")
    log.propagate = False
    if not log.handlers:
        log.addHandler(logging.NullHandler())


def _sends_password_in_clear(service: "NotifyBase") -> bool:
    """Whether a password would go to another machine by a protocol that has a secure twin."""
    host = getattr(service, "smtp_host", "") or service.host or ""
    encrypted = service.secure and getattr(service, "secure_mode", "") != "insecure"
    has_twin = bool(service.protocol and service.secure_protocol)
    return bool(service.password) and has_twin and not encrypted and not _is_this_machine(host)


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _deliver(alert: Alert, service: "NotifyBase") -> str:
    """Why an alert was not delivered; empty where it was."""
    from apprise import Apprise, NotifyFormat, NotifyType
    from apprise.logger import LogCapture

    delivered: list[bool | None] = []

    def notify() -> None:
        channel = Apprise(service)
        delivered.append(
            channel.notify(
                body=alert.text,
                title=alert.subject,
                notify_type=NotifyType.FAILURE,
                body_format=NotifyFormat.TEXT,
            )
        )

    # A daemon: a server that never ends its answer must not keep the process alive either.
    thread = Thread(target=notify, daemon=True)
    with LogCapture(level=logging.WARNING, fmt="%(message)s") as warnings:
        thread.start()
        thread.join(LIMIT_SECONDS)
        code = re.search(r"error=(\d{3})\b", warnings.getvalue())
    if delivered == [True]:
        return ""
    if thread.is_alive():
        return f"no answer within {LIMIT_SECONDS:.0f} seconds"
    return f"refused with HTTP {code[1]}" if code else "not reached, or refused"
