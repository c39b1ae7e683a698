"""Every answer to a browser carries the headers that keep an address and a page to themselves."""

import asyncio
from typing import Any

from dashboard.server.asgi_app import ALLOWED_HOSTS, HEADERS, Message, SafeHeaders


def collect_answer(*messages: Message) -> list[Message]:
    """What a browser is sent where the app sends these messages."""
    sent: list[Message] = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)

    async def keep(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {}

    asyncio.run(SafeHeaders(app)({"type": "http"}, receive, keep))
    return sent


def test_every_answer_gets_every_header_once() -> None:
    (start,) = collect_answer({"type": "http.response.start", "status": 404, "headers": []})
    assert start["status"] == 404
    assert start["headers"] == [*HEADERS]


def test_an_answer_cannot_loosen_them_whatever_the_case_of_its_letters() -> None:
    loose = [(b"X-Frame-Options", b"ALLOWALL"), (b"Content-Type", b"text/html")]
    (start,) = collect_answer({"type": "http.response.start", "status": 200, "headers": loose})
    assert start["headers"] == [(b"Content-Type", b"text/html"), *HEADERS]
    names = [name.lower() for name, _ in start["headers"]]
    assert len(names) == len(set(names))


def test_an_answer_without_headers_gets_them_and_its_body_passes_untouched() -> None:
    body = {"type": "http.response.body", "body": b"ann"}
    start, passed = collect_answer({"type": "http.response.start", "status": 200}, body)
    assert start["headers"] == [*HEADERS]
    assert passed is body


def test_the_message_of_the_app_is_not_changed_itself() -> None:
    message = {"type": "http.response.start", "status": 200, "headers": []}
    collect_answer(message)
    assert message["headers"] == []


def test_by_itself_it_answers_to_this_machine_only() -> None:
    assert ALLOWED_HOSTS == ["127.0.0.1", "localhost"]
