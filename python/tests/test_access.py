# Tests pass wrong types on purpose, and use private attributes.
# mypy: disable-error-code="arg-type, index"
"""Access tokens: sources, the servers that get them, and wrong tokens, which lose nothing."""

from __future__ import annotations

import json
import logging
import re
import shutil
import ssl
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import pytest

import agnez
from agnez.__main__ import main
from agnez._transport import credentials, replay
from server import BINARY, Server, eventually, script
from token_server import TOKEN, WRONG, StandIn, stand_in

#: The fixture of each test here.
__all__ = ["stand_in"]


def files(folder: Any) -> Any:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("way", ["argument", "address", "link", "environment", "both"])
def test_a_token_comes_as_argument_in_the_address_or_from_the_environment(
    stand_in: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: Any
) -> None:
    given = {
        "argument": {"url": stand_in.url, "token": TOKEN},
        "address": {"url": f"{stand_in.url}/#token={TOKEN}"},
        "link": {"url": f"{stand_in.url}/b/other#token={TOKEN}"},
        "environment": {"url": stand_in.url},
        "both": {},
    }[way]
    if way == "environment":
        monkeypatch.setenv("AGNEZ_TOKEN", TOKEN)
    if way == "both":
        monkeypatch.setenv("AGNEZ_URL", f"{stand_in.url}/#token={TOKEN}")
    board = agnez.Board("main", spool=str(tmp_path / "spool"), **given)
    assert board.url == stand_in.url
    board.log(loss=1.5)
    assert board.flush(20) and stand_in.statuses() == {201} and len(stand_in.points()) == 1
    assert all(path.startswith("/agnez/") for _, path, *_ in stand_in.seen), stand_in.seen


def test_without_a_token_one_warning_says_how_to_set_it(
    stand_in: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    board = agnez.Board("main", url=stand_in.url, spool=str(tmp_path / "spool"))
    with caplog.at_level(logging.DEBUG, "agnez"):
        board.log(loss=1.5)
        eventually(lambda: len(stand_in.seen) > 2)
        assert not board.flush(0.2)
    messages = [record.getMessage() for record in caplog.records]
    assert (
        len(messages) == 1
        and "wants an access token (401)" in messages[0]
        and "AGNEZ_TOKEN" in messages[0]
        and "kept" in messages[0]
    ), messages
    assert {given for _, _, given, _ in stand_in.seen} == {None}


@pytest.mark.parametrize("wrong", [WRONG, "agz_unknown"])
def test_a_wrong_token_loses_nothing_and_is_nowhere_to_be_seen(
    stand_in: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    wrong: Any,
) -> None:
    spool = tmp_path / "spool"
    board = agnez.Board("main", url=stand_in.url, token=wrong, spool=str(spool))
    with caplog.at_level(logging.DEBUG, "agnez"):
        for step in range(10):
            board.log(step=step, loss=step)
        eventually(lambda: len(stand_in.seen) > 1)
        assert not board.close(0.5)
    assert not list(spool.rglob("refused.jsonl")), "nothing is put away"
    folder = next(path.parent for path in spool.rglob("spool.json"))
    with pytest.raises(TimeoutError) as failed:
        replay.replay(folder, timeout=20)
    what = (
        "does not let the access token write (403)"
        if wrong == WRONG
        else "does not know the access token (401)"
    )
    assert what in str(failed.value) and what in caplog.text
    assert main(["replay", str(folder), "--timeout", "20"]) == 1
    out = capsys.readouterr()
    shown = [
        repr(board),
        str(vars(board)),
        repr(board._client),
        caplog.text,
        str(failed.value),
        repr(failed.value),
        out.out,
        out.err,
    ]
    assert not [text for text in shown if wrong in text], "the token is shown"
    assert wrong.encode() not in files(spool) and b"loss" in files(spool)

    # The right one sends all of it, once.
    credentials._tokens.clear()
    monkeypatch.setenv("AGNEZ_TOKEN", TOKEN)
    assert main(["replay", str(folder), "--timeout", "20"]) == 0
    assert (
        not folder.exists() and len(stand_in.points()) == 1 and TOKEN not in capsys.readouterr().out
    )


def test_a_better_token_is_taken_while_the_run_goes_on(stand_in: Any, tmp_path: Path) -> None:
    board = agnez.Board(
        "main", url=stand_in.url, token="agz_unknown", spool=str(tmp_path / "spool")
    )
    board.log(loss=1)
    eventually(lambda: stand_in.statuses() == {401})
    agnez.Board("main", url=stand_in.url, token=TOKEN, spool=str(tmp_path / "spool"))
    assert board.flush(30) and len(stand_in.points()) == 1


def test_a_token_is_sent_to_its_own_server_only(
    stand_in: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGNEZ_TOKEN", TOKEN)
    monkeypatch.setenv("AGNEZ_URL", "http://gpu.example:3000")
    assert (
        credentials.token_for("http://gpu.example:3000") == TOKEN
        and credentials.token_for(stand_in.url) is None
    )
    board = agnez.Board("main", url=stand_in.url, spool=str(tmp_path / "spool"))
    board.log(loss=1)
    eventually(lambda: len(stand_in.seen) > 1)
    assert {given for _, _, given, _ in stand_in.seen} == {None}


def test_errors_about_tokens_and_addresses_do_not_repeat_them(stand_in: Any) -> None:
    for wrong in ["two words", "line\r\nX-Other: 1", "schlüssel-wort"]:
        with pytest.raises(ValueError, match="token must be") as failed:
            agnez.Board("main", url=stand_in.url, token=wrong)
        assert wrong not in str(failed.value)
    for wrong in [
        f"ftp://host/#token={TOKEN}",
        f"http://host/#{TOKEN}",
        f"http://host/?token={TOKEN}",
        f"http://user:{TOKEN}@host/",
    ]:
        with pytest.raises(ValueError, match="url must be like") as failed:
            agnez.Board("main", url=wrong)
        assert TOKEN not in str(failed.value)
    with pytest.raises(TypeError):
        agnez.Board("main", url=stand_in.url, token=b"agz_x")


def test_a_script_takes_the_token_from_the_environment(
    stand_in: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGNEZ_TOKEN", TOKEN)
    run = script(
        "import agnez\nagnez.init(project='p')\nagnez.log({'loss': 1})\nagnez.finish()",
        tmp_path / "spool",
        stand_in.url,
    )
    out, err = run.communicate(timeout=60)
    assert run.returncode == 0 and TOKEN not in out + err, err
    assert len(stand_in.points()) == 1


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
def test_https_trusts_only_the_authorities_of_the_system(
    stand_in: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost",
    ]
    subprocess.run(
        [*made, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    secure = StandIn(context=context)
    try:
        board = agnez.Board("main", url=secure.url, token=TOKEN, spool=str(tmp_path / "spool"))
        with caplog.at_level(logging.DEBUG, "agnez"):
            board.log(loss=1)
            eventually(lambda: "CERTIFICATE_VERIFY_FAILED" in caplog.text)
        assert secure.seen == [], "an unknown server gets the token"
        # What OpenSSL reads as the system's authorities.
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert board.flush(30) and len(secure.points()) == 1
    finally:
        secure.end()


def test_keras_2015_address_keeps_the_path_before_it() -> None:
    keras = pytest.importorskip("agnez.keras")
    for end in ("", "/", "/values", "/api/v1/values", "/api/v1/values/"):
        plot = keras.LossPlot(app_url=f"http://localhost:1/agnez{end}")
        assert plot.board.url == "http://localhost:1/agnez", end


def test_the_real_server_takes_a_token_that_may_write_and_no_other(
    tmp_path: Path, stand_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(tmp_path / "server", flags=["--require-token"])
    data = str(server.folder / "data")

    def made(*what: Any) -> Any:
        out = subprocess.run(
            [str(BINARY), "token", "new", *what, "--data", data],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        return re.search(r"agz_[A-Za-z0-9_-]+", out)[0]

    write, read = made("write"), made("read")
    server.start()
    try:
        board = agnez.Board("main", url=server.url, token=read, spool=str(tmp_path / "spool"))
        board.log(loss=1.5)
        assert not board.flush(0.5)
        agnez.Board("main", url=f"{server.url}/#token={write}", spool=str(tmp_path / "spool"))
        assert board.flush(30)
        request = urllib.request.Request(
            f"{server.url}/values?name=loss", headers={"Authorization": f"Bearer {read}"}
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert [cell["name"] for cell in json.load(answer)] == ["loss"]
        assert write.encode() not in files(tmp_path / "spool") and not list(
            (tmp_path / "spool").rglob("refused.jsonl")
        )
    finally:
        server.kill()
