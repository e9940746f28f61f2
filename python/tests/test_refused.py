# Tests pass wrong types on purpose, and use private attributes.
# mypy: disable-error-code="arg-type, operator, union-attr"
"""Refused and quarantined requests: stored, retried, and never in the way of others."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

import agnez
from agnez._transport import request_builder
from agnez._transport.refused import retry_key
from agnez._transport.replay import replay
from server import AWAY, Other, Server


def refused(server: Server, tmp_path: Path, name: str, rest: Any = 0) -> Any:
    """A spool with a refused point, whose cell is a text, and ``further`` requests after it."""
    server.ask("/values", {"_id": f"{name}-bad", "board": name, "type": "text", "value": "mine"})
    board = agnez.Board(name, url=server.url, spool=str(tmp_path / "spool"))
    board.log(step=0, bad=7)
    assert board.flush(60)
    for number in range(rest):
        board.text(f"t{number}", "x")
    folder = board._client.spool.folder
    assert board.flush(60) and board.close(60)
    assert folder.is_dir()
    return folder


def test_refused_requests_survive_a_replay_without_a_server(
    server: Server, tmp_path: Path, name: str
) -> None:
    folder = refused(server, tmp_path, name)
    for _ in range(2):
        with pytest.raises(TimeoutError):
            replay(folder, url=AWAY, refused=True, timeout=0.05)
    assert folder.is_dir()
    # Not tried: it stays.
    assert "1 request was refused" in replay(folder)
    server.ask(f"/values/{name}-bad", method="DELETE")
    replay(folder, refused=True)
    assert not folder.exists() and server.pairs(f"{name}-bad", "bad") == [(0, 7)]


def test_a_retry_of_refused_requests_that_is_killed(
    server: Server, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = refused(server, tmp_path, name)
    with monkeypatch.context() as patch:
        patch.setattr(
            "agnez._transport.replay.Delivery.deliver",
            lambda *_: (_ for _ in ()).throw(KeyboardInterrupt),
        )
        with pytest.raises(KeyboardInterrupt):
            replay(folder, refused=True)
    # Refused again, with a line that is no request.
    with open(folder / "refused.jsonl", "a") as file:
        file.write('{"a": 1}\n')
    assert "2 requests were refused" in replay(folder, refused=True)
    server.ask(f"/values/{name}-bad", method="DELETE")
    assert "1 request was refused" in replay(folder, refused=True)
    assert (
        server.pairs(f"{name}-bad", "bad") == [(0, 7)] and not (folder / "refused.before").exists()
    )


def test_a_refused_request_is_accepted_after_many_later_ones(
    server: Server, tmp_path: Path, name: str
) -> None:
    folder = refused(server, tmp_path, name, rest=200)
    server.ask(f"/values/{name}-bad", method="DELETE")
    line = (folder / "refused.jsonl").read_text()
    replay(folder, refused=True)
    assert not folder.exists() and server.pairs(f"{name}-bad", "bad") == [(0, 7)]
    # The same once more has no effect, also as an older version has written it.
    document = json.loads(line)
    assert ".r" in document["key"] and retry_key(document["key"]) == document["key"]
    assert retry_key("ab:5") == "ab.r5:0" and retry_key("ab.5:3") == "ab.5.r3:0"


def test_records_without_a_valid_request_are_quarantined(
    server: Server,
    board: Any,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("agnez._values.names.check_name", lambda name: name)
        board.log({"x/bad\ud800": 1}, step=0)
        board.html("page", "x" * 100_000)
        assert board.flush(60)
    for step in range(5):
        board.log(loss=step, step=step)
        assert board.flush(60)
    assert (
        server.pairs(f"{name}-loss", "loss") == [(step, step) for step in range(5)]
        and "cannot be sent" in caplog.text
    )
    folder = board._client.spool.folder
    board.close(60)
    assert len((folder / "refused.jsonl").read_text().splitlines()) == 1
    assert "request was refused" in replay(folder, refused=True)
    # As a later version would that can send it.
    monkeypatch.setattr(
        "agnez._transport.request_builder._encode_points",
        lambda numbers, real=request_builder._encode_points: real(
            {(cell, "bad"): lists for (cell, _), lists in numbers.items()}
        ),
    )
    replay(folder, refused=True)
    assert not folder.exists()
    assert any(
        "bad" in cell.get("value", {}).get("series", {})
        for cell in server.cells(name).values()
        if isinstance(cell.get("value"), dict)
    )
    assert server.named(name)["page"]["value"] == "x" * 100_000


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>It works</html>",
        b"",
        b"{}",
        b"[]",
        b'{"ok": true}',
        b"1",
        b"<html>" + b" " * 100_000 + b'"_id"',
    ],
)
def test_an_answer_of_something_else_is_none(
    server: Server, tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture, answer: Any
) -> None:
    with Other(lambda *_: (200, "text/html", answer)) as other:
        board = agnez.Board(name, url=other.url)
        board.log(loss=1, step=0)
        assert not board.flush(0.3)
        folder = board._client.spool.folder
        assert not board.close(0.3)
    assert "something else than Agnez answers there" in caplog.text
    replay(folder, url=server.url)
    assert server.pairs(f"{name}-loss", "loss") == [(0, 1)] and not folder.exists()


def test_a_large_value_is_accepted(server: Server, board: Any, name: str) -> None:
    board.html("page", "x" * 300_000)
    board.table("rows", [[1, "y" * 100_000]], columns=["a", "b"])
    assert board.flush(60)
    assert len(server.cell(f"{name}-page")["value"]) == 300_000


@pytest.mark.parametrize("status", [413, 414])
def test_a_request_too_large_for_a_proxy_does_not_block_others(
    server: Server, tmp_path: Path, name: str, status: Any
) -> None:
    def say(method: Any, path: Any, body: Any, headers: Any) -> Any:
        if len(body) > 50_000:
            return status, "text/html", b"<html>too large</html>"
        names = {
            key: value
            for key, value in headers.items()
            if key in ("Content-Type", "Idempotency-Key")
        }
        with urllib.request.urlopen(
            urllib.request.Request(server.url + path, body, names, method=method), timeout=60
        ) as answer:
            return answer.status, "application/json", answer.read()

    with Other(say) as proxy:
        board = agnez.Board(name, url=proxy.url)
        board.html("page", "x" * 100_000)
        board.log(loss=1, step=0)
        assert board.flush(60)
        folder = board._client.spool.folder
        board.close(60)
    assert server.pairs(f"{name}-loss", "loss") == [(0, 1)]
    assert json.loads((folder / "refused.jsonl").read_text())["status"] == status
    replay(folder, url=server.url, refused=True)
    assert len(server.cell(f"{name}-page")["value"]) == 100_000 and not folder.exists()
