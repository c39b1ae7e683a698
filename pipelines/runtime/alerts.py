"""Telling people that a run failed or an export was refused: by e-mail and by webhook."""

import http.client
import json
import smtplib
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from html import escape
from ipaddress import ip_address
from urllib.parse import SplitResult, unquote, urlsplit

from pipelines.config.sections import AlarmsSection

TIMEOUT_SECONDS = 15.0
SMTP_PORT, SMTPS_PORT = 587, 465


class DeliveryError(RuntimeError):
    """A message did not reach its people; the text names no address and no secret."""


@dataclass(frozen=True)
class Alert:
    """What happened, for people who were asleep."""

    subject: str
    """One line."""
    text: str
    """Paragraphs: what, where, what to do."""


def send_alert(alert: Alert, to: AlarmsSection) -> list[str]:
    """Send an alarm to everyone whom ``[alarms]`` names.

    Returns
    -------
    One sentence for each way that failed; empty where all was delivered or nobody is named.
    """
    failed = []
    for way in _list_channels(to):
        try:
            way(alert, to)
        except DeliveryError as error:
            failed.append(str(error))
    return failed


def _list_channels(to: AlarmsSection) -> Iterator[Callable[[Alert, AlarmsSection], None]]:
    if to.email_to:
        yield send_mail
    if to.webhook:
        yield post_webhook


def send_mail(alert: Alert, to: AlarmsSection) -> None:
    """Send it by e-mail, encrypted wherever the server can; a password only ever so.

    Raises
    ------
    NotDelivered
        The server is away, refuses us or some of the addresses, or would take the password in
        clear.
    """
    try:
        message = EmailMessage()
        message["Subject"] = alert.subject
        message["From"] = to.email_from or to.email_to[0]
        message["To"] = ", ".join(to.email_to)
        message.set_content(alert.text)
        with _connect_mail_server(to) as server:
            refused = server.send_message(message)
    except (OSError, ValueError, smtplib.SMTPException) as error:
        # A ValueError quotes the address, which may hold a password.
        raise DeliveryError(f"The e-mail was not sent ({type(error).__name__}).") from None
    if refused:  # it raises only where nobody at all is let in
        raise DeliveryError(
            f"The e-mail was sent, but the server refused it for {len(refused)} of "
            f"{len(to.email_to)} addresses of [alarms] email_to."
        )


def _connect_mail_server(to: AlarmsSection) -> smtplib.SMTP:
    address = urlsplit(to.smtp.get_secret_value() if to.smtp else "")
    host, context = address.hostname or "localhost", ssl.create_default_context()
    if address.scheme == "smtps":
        port = address.port or SMTPS_PORT
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            host, port, timeout=TIMEOUT_SECONDS, context=context
        )
    else:
        server = smtplib.SMTP(host, address.port or SMTP_PORT, timeout=TIMEOUT_SECONDS)
    try:
        _sign_in(server, address, context)
    except BaseException:
        server.close()
        raise
    return server


def _sign_in(server: smtplib.SMTP, address: SplitResult, context: ssl.SSLContext) -> None:
    """Encrypt what follows, and give the password, where there is one, only then."""
    secure = address.scheme == "smtps"
    if not secure:
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls(context=context)
            secure = True
    if not address.username:
        return
    if not secure and not _is_this_machine(address.hostname or "localhost"):
        raise DeliveryError(
            "The e-mail was not sent: the server offers no encryption, so the password of "
            "[alarms] smtp stays here."
        )
    server.login(unquote(address.username), unquote(address.password or ""))


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def post_webhook(alert: Alert, to: AlarmsSection) -> None:
    """Post it as Slack's ``{"text": ...}``.

    Raises
    ------
    NotDelivered
        The address does not answer, or not with success.
    """
    text = escape(f"*{alert.subject}*\n{alert.text}", quote=False)  # Slack's own rule
    try:
        request = urllib.request.Request(  # noqa: S310 (the settings take http and https only)
            to.webhook.get_secret_value() if to.webhook else "",
            data=json.dumps({"text": text}).encode(),
            headers={"Content-Type": "application/json", "User-Agent": "leadgain"},
        )
        with urllib.request.build_opener(_NoRedirects).open(request, timeout=TIMEOUT_SECONDS):
            pass  # taken: what else it says may never end
    except urllib.error.HTTPError as error:
        error.close()
        raise DeliveryError(_describe_refusal(error)) from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise DeliveryError(f"The webhook was not reached ({type(error).__name__}).") from None


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer like a refusal: what is behind it took no message of ours."""

    def redirect_request(self, *_: object) -> None:
        """Not to be made."""


def _describe_refusal(error: urllib.error.HTTPError) -> str:
    """What the webhook's answer was; of the address behind a redirect no more than the host."""
    if 300 <= error.code < 400:
        return (
            f"The webhook was "
            f"redirected{_format_redirect_target(error.headers.get('Location', ''))} (HTTP "
            f"{error.code}), which is not followed, so nobody has the message. Name the address "
            "that takes it in [alarms] webhook."
        )
    return f"The webhook refused the message (HTTP {error.code})."


def _format_redirect_target(location: str) -> str:
    try:
        host = urlsplit(location).hostname
    except ValueError:
        host = None
    return f" to {host}" if host else ""
