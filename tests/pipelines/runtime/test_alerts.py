"""Alerts reach people by e-mail and by webhook; a password is never sent unencrypted."""

import json
import logging
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from crm.errors import ConfigurationError
from pipelines.config.sections import AlertsSection
from pipelines.runtime import alerts
from pipelines.runtime.alerts import Alert, refuse_unusable_urls, send_alert

ALERT = Alert("leadgain on crm1: run failed", "12 rows of <leads> & more.\n\nPublication 7 stays.")


@contextmanager
def listening(server: socketserver.BaseServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def webhook() -> Iterator[tuple[str, list[dict]]]:
    posted = []

    class Hook(BaseHTTPRequestHandler):
        def do_GET(self):
            posted.append("followed")
            self.send_response(200)
            self.end_headers()

        def do_POST(self):
            content = self.rfile.read(int(self.headers["Content-Length"]))
            posted.append(json.loads(content))
            self.send_response(int(self.path.rsplit("/", 1)[1]))
            self.send_header("Location", "/elsewhere/200")
            self.end_headers()

        def log_message(self, *arguments):
            pass

    with listening(HTTPServer(("127.0.0.1", 0), Hook)) as port:
        yield f"json://127.0.0.1:{port}/secret", posted


@pytest.fixture
def mail() -> Iterator[tuple[int, list[str], list[str]]]:
    """A mail server without encryption: its port, what it was told, the messages."""
    dialogue, messages = [], []

    class Mail(socketserver.StreamRequestHandler):
        def handle(self):
            self.say("220 mail")
            while line := self.rfile.readline().decode().strip():
                dialogue.append(line)
                if line.upper().startswith("EHLO"):
                    self.say("250-mail\r\n250 AUTH PLAIN")
                elif line.upper().startswith("AUTH"):
                    self.say("235 welcome")
                elif line.upper() == "DATA":
                    self.say("354 go on")
                    messages.append(self.until_dot())
                    self.say("250 taken")
                elif line.upper() == "QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say("550 no such mailbox" if "unknown@" in line else "250 fine")

        def say(self, text):
            self.wfile.write(f"{text}\r\n".encode())

        def until_dot(self):
            lines = []
            while (line := self.rfile.readline().decode()) != ".\r\n":
                lines.append(line)
            return "".join(lines)

    with listening(socketserver.TCPServer(("127.0.0.1", 0), Mail)) as port:
        yield port, dialogue, messages


@pytest.fixture
def root_log(monkeypatch) -> list[str]:
    """What reaches the root log, details included; caplog also reads logs kept from it."""
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record):
            lines.append(record.getMessage())

    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [Keep()])
    monkeypatch.setattr(root, "level", logging.DEBUG)
    return lines


def send(*urls: str) -> list[str]:
    return send_alert(ALERT, AlertsSection(urls=urls))


def find_closed_port() -> int:
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as closed:
        return closed.server_address[1]


def test_a_webhook_gets_subject_and_text(webhook):
    url, posted = webhook
    assert send(f"{url}/200") == []
    assert (posted[0]["title"], posted[0]["message"]) == (ALERT.subject, ALERT.text)


@pytest.mark.parametrize("code", [302, 307, 404, 500])
def test_only_a_success_counts_as_delivered_and_a_redirect_is_not_followed(webhook, code):
    """A sign-in page answers with success to whoever follows."""
    url, posted = webhook
    (failed,) = send(f"{url}/{code}")
    assert f"urls.0 (json): refused with HTTP {code}." in failed
    assert "secret" not in failed
    assert "followed" not in posted
    assert len(posted) == 1


def test_people_get_an_e_mail(mail):
    port, dialogue, messages = mail
    people = "to=ann@example.com,ben@example.com&from=leadgain@example.com"
    assert send(f"mailto://127.0.0.1:{port}?{people}") == []
    assert [line for line in dialogue if line.startswith("rcpt")] == [
        "rcpt TO:<ann@example.com>",
        "rcpt TO:<ben@example.com>",
    ]
    assert "leadgain on crm1: run failed" in messages[0]
    assert "leadgain@example.com" in messages[0]
    assert "&lt;leads&gt;" in messages[0]


def test_a_mailbox_that_takes_no_message_is_reported_though_another_one_did(mail, root_log):
    port, _, messages = mail
    people = "to=a@example.com,unknown@example.com&from=x@y.nl"
    (failed,) = send(f"mailto://127.0.0.1:{port}?{people}")
    assert "not reached, or refused" in failed
    assert len(messages) == 1
    assert "example.com" not in failed + str(root_log), "apprise's own warning names the person"


@pytest.mark.parametrize(("scheme", "delivered"), [("mailto", True), ("mailtos", False)])
def test_only_a_server_on_this_machine_may_have_the_password_unencrypted(mail, scheme, delivered):
    port, dialogue, messages = mail
    failed = send(f"{scheme}://me:p%40ss@127.0.0.1:{port}?to=a@example.com&from=x@y.nl")
    assert (failed == []) == delivered
    assert any(line.startswith("AUTH PLAIN") for line in dialogue) == delivered
    assert len(messages) == delivered


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("mailto://me:secret@mail.example.com", "mailtos://"),
        ("mailtos://me:secret@mail.example.com?mode=insecure", "mailtos://"),
        ("json://me:secret@hooks.example.com/x", "jsons://"),
        ("mailtos://me:secret/x@mail.example.com", "understands"),
        ("slack://secret", "understands"),
        ("https://hooks.example.com/secret", "understands"),
        ("file:///etc/secret", "understands"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_and_not_quoted(url, hint, webhook, root_log):
    usable, posted = webhook
    section = AlertsSection(urls=(f"{usable}/200", url))
    with pytest.raises(ConfigurationError) as refusal:
        refuse_unusable_urls(section)
    assert "urls.1" in str(refusal.value)
    assert hint in str(refusal.value)
    assert "secret" not in str(refusal.value) + str(root_log)
    assert posted == []
    assert send_alert(ALERT, section) == [str(refusal.value)]
    assert len(posted) == 1, "the other address gets the alert all the same"


@pytest.mark.parametrize(
    "url",
    [
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
        "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
        "mailtos://me:secret@example.com:587?to=ann@example.com",
        "mailto://me:secret@gmail.com",
        "mmosts://chat.example.com/3ccdd113474722377935511fc85d3dd4",
        "twilio://AC735c307c62944b5a:e29dfbcebf390dee9@+15551234567",
    ],
)
def test_addresses_of_common_services_are_accepted(url):
    refuse_unusable_urls(AlertsSection(urls=(url,)))


def test_a_server_that_is_away_or_speaks_no_http_stops_no_other_address(webhook):
    class Garbage(socketserver.StreamRequestHandler):
        def handle(self):
            self.rfile.readline()
            self.wfile.write(b"220 this is a mail server\r\n")

    url, posted = webhook
    away = f"mailto://127.0.0.1:{find_closed_port()}?to=a@example.com&from=x@y.nl"
    with listening(socketserver.TCPServer(("127.0.0.1", 0), Garbage)) as port:
        failed = send(away, f"json://127.0.0.1:{port}/secret", f"{url}/200")
    assert [line.count("not reached") for line in failed] == [1, 1]
    assert len(posted) == 1


def test_a_webhook_that_never_ends_its_answer_holds_nobody_up(monkeypatch):
    over = threading.Event()

    class Endless(socketserver.StreamRequestHandler):
        def handle(self):
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            while not over.wait(0.05):
                self.wfile.write(b"more")

    monkeypatch.setattr(alerts, "LIMIT_SECONDS", 1.0)
    with listening(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Endless)) as port:
        (failed,) = send(f"json://127.0.0.1:{port}/x")
        over.set()
    assert "no answer within 1 seconds" in failed


def test_without_an_address_nothing_is_sent():
    assert send() == []
    assert AlertsSection(urls="").urls == (), "as .env leaves it where nothing is set"


def test_secrets_are_not_shown():
    section = AlertsSection(urls="mailtos://me:secret@example.com jsons://example.com/secret")
    assert len(section.urls) == 2
    assert "secret" not in repr(section) + section.model_dump_json()
