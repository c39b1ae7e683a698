"""A failure reaches people by e-mail and by webhook; a password is never sent in clear."""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from pydantic import SecretStr

from pipelines.config.sections import AlarmsSection
from pipelines.runtime import alerts as alarms
from pipelines.runtime.alerts import Alert, DeliveryError, send_alert, send_mail

ALARM = Alert("leadgain on crm1: run failed", "12 rows of <leads> & more.\n\nPublication 7 stays.")


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
        def do_POST(self):
            content = self.rfile.read(int(self.headers["Content-Length"]))
            posted.append(json.loads(content))
            self.send_response(404 if "refuse" in self.path else 200)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    with listening(HTTPServer(("127.0.0.1", 0), Hook)) as port:
        yield f"http://127.0.0.1:{port}/services/secret", posted


@pytest.fixture
def mail() -> Iterator[tuple[int, list[str], list[str]]]:
    """A mail server that says what it was told: its port, the dialogue, the messages."""
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


def test_the_webhook_gets_slacks_format(webhook):
    url, posted = webhook
    assert send_alert(ALARM, AlarmsSection(webhook=url)) == []
    assert posted == [
        {
            "text": "*leadgain on crm1: run failed*\n12 rows of &lt;leads&gt; &amp; more.\n\n"
            "Publication 7 stays."
        }
    ]


def test_a_webhook_that_refuses_is_told_without_its_address(webhook):
    url, _ = webhook
    failed = send_alert(ALARM, AlarmsSection(webhook=f"{url}/refuse"))
    assert failed == ["The webhook refused the message (HTTP 404)."]


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_webhook_that_leads_elsewhere_has_delivered_nothing(code):
    """A sign-in page answers with success to whoever follows."""
    asked = []

    class Moved(BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append(self.command)
            self.rfile.read(int(self.headers["Content-Length"]))
            where = f"http://localhost:{self.server.server_address[1]}/login?from=secret"
            self.send_response(code)
            self.send_header("Location", where)
            self.end_headers()

        def do_GET(self):
            asked.append(self.command)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    with listening(HTTPServer(("127.0.0.1", 0), Moved)) as port:
        failed = send_alert(
            ALARM, AlarmsSection(webhook=f"http://127.0.0.1:{port}/services/secret")
        )
    assert failed == [
        f"The webhook was redirected to localhost (HTTP {code}), which is not followed, so nobody "
        "has the message. Name the address that takes it in [alarms] webhook."
    ]
    assert asked == ["POST"]


def test_people_get_an_e_mail(mail):
    port, dialogue, messages = mail
    to = AlarmsSection(
        email_to=("ann@example.com", "ben@example.com"), smtp=f"smtp://127.0.0.1:{port}"
    )
    assert send_alert(ALARM, to) == []
    assert [line for line in dialogue if line.startswith("rcpt")] == [
        "rcpt TO:<ann@example.com>",
        "rcpt TO:<ben@example.com>",
    ]
    assert "Subject: leadgain on crm1: run failed" in messages[0]
    assert "From: ann@example.com" in messages[0]
    assert "Publication 7 stays." in messages[0]


def test_a_mailbox_that_takes_no_message_is_told_though_another_one_did(mail):
    port, _, messages = mail
    to = AlarmsSection(
        email_to=("ann@example.com", "unknown@example.com"), smtp=f"smtp://127.0.0.1:{port}"
    )
    assert send_alert(ALARM, to) == [
        "The e-mail was sent, but the server refused it for 1 of 2 addresses of [alarms] email_to."
    ]
    assert len(messages) == 1


def test_a_server_on_this_machine_may_have_the_password(mail):
    port, dialogue, messages = mail
    to = AlarmsSection(email_to=("a@example.com",), smtp=f"smtp://me:p%40ss@127.0.0.1:{port}")
    send_mail(ALARM, to)
    assert any(line.startswith("AUTH PLAIN") for line in dialogue)
    assert len(messages) == 1


def test_a_password_is_not_sent_in_clear_to_another_machine(mail, monkeypatch):
    port, dialogue, messages = mail
    monkeypatch.setattr(alarms, "_is_this_machine", lambda host: False)
    to = AlarmsSection(email_to=("a@example.com",), smtp=f"smtp://me:secret@127.0.0.1:{port}")
    with pytest.raises(DeliveryError, match=r"offers no encryption, so the password .* stays here"):
        send_mail(ALARM, to)
    assert not any(line.startswith("AUTH") for line in dialogue)
    assert messages == []


def test_one_way_that_fails_does_not_stop_the_other(webhook):
    url, posted = webhook
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as closed:
        port = closed.server_address[1]
    to = AlarmsSection(email_to=("a@example.com",), smtp=f"smtp://127.0.0.1:{port}", webhook=url)
    assert send_alert(ALARM, to) == ["The e-mail was not sent (ConnectionRefusedError)."]
    assert len(posted) == 1


@pytest.mark.parametrize(
    "ways",
    [
        {"email_to": ("a@example.com",), "smtp": "smtp://me:pa/ss@mail:587"},
        {"email_to": ("a@example.com",), "email_from": "a\nb", "smtp": "smtp://mail"},
        {"webhook": "https://hooks.example.com:secret/x"},
        {"webhook": "http://127.0.0.1/a secret"},
        {"webhook": "secret"},
    ],
)
def test_an_address_that_makes_no_sense_fails_in_one_sentence_that_does_not_quote_it(ways):
    secret = {key: SecretStr(ways[key]) for key in ("smtp", "webhook") if key in ways}
    (failed,) = send_alert(ALARM, AlarmsSection.model_construct(**{"smtp": None, **ways, **secret}))
    assert failed.startswith(("The e-mail was not sent (", "The webhook was not reached ("))
    assert "secret" not in failed
    assert "pa" not in failed


def test_a_webhook_that_speaks_no_http_is_a_failure_like_any_other():
    class Garbage(socketserver.StreamRequestHandler):
        def handle(self):
            self.rfile.readline()
            self.wfile.write(b"220 this is a mail server\r\n")

    with listening(socketserver.TCPServer(("127.0.0.1", 0), Garbage)) as port:
        failed = send_alert(ALARM, AlarmsSection(webhook=f"http://127.0.0.1:{port}/x"))
    assert failed == ["The webhook was not reached (BadStatusLine)."]


def test_a_webhook_that_never_ends_its_answer_holds_nobody_up():
    over = threading.Event()

    class Endless(socketserver.StreamRequestHandler):
        def handle(self):
            while self.rfile.readline().strip():
                pass
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\nok")
            over.wait(30)

    with listening(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Endless)) as port:
        assert send_alert(ALARM, AlarmsSection(webhook=f"http://127.0.0.1:{port}/x")) == []
        over.set()


def test_nobody_is_told_where_nobody_is_named():
    assert send_alert(ALARM, AlarmsSection()) == []
    assert send_alert(ALARM, AlarmsSection(webhook="")) == [], (
        "as .env leaves it where nothing is set"
    )


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ({"email_to": ["a@example.com"]}, "email_to is set but smtp is not"),
        ({"email_to": ["nobody"], "smtp": "smtp://x"}, "'nobody' is not an address"),
        ({"smtp": "mail.example.com"}, "must begin with smtp:// or smtps://"),
        ({"webhook": "file:///etc/passwd"}, "must begin with https:// or http://"),
        ({"webhook": "https://hooks.example.com/a b"}, "without a space"),
        ({"webhook": "https://hooks.example.com:abc/x"}, "a port in digits"),
        ({"smtp": "smtp://me:pa/ss@mail.example.com:587"}, "in a password, / "),
    ],
)
def test_an_alarm_that_could_reach_nobody_is_refused(section, told):
    with pytest.raises(ValueError, match=told):
        AlarmsSection(**section)


def test_secrets_are_not_shown():
    to = AlarmsSection(smtp="smtp://me:geheim@host", webhook="https://hooks.example.com/geheim")
    assert "geheim" not in repr(to)
