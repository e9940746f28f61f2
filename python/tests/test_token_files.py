# Tests pass wrong types on purpose, and use private attributes.
# mypy: disable-error-code="arg-type, index"
"""Access tokens in the user's own file and in the data folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import agnez
from agnez._transport import credentials
from token_server import TOKEN, WRONG, stand_in

#: The fixture of each test here.
__all__ = ["stand_in"]


def token_output(url: Any, token: Any = TOKEN) -> Any:
    """As ``agnez token new`` prints it."""
    return (
        f"{url}/#token={token}\n\nToken  {token}\nThis write token writes to all boards. "
        "It is shown only once. Revoke it with 'agnez token revoke t1'.\n"
    )


def test_a_token_is_found_in_the_users_own_file(
    stand_in: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "config" / "agnez" / "token"
    file.parent.mkdir(parents=True)
    assert credentials.token_for(stand_in.url) is None
    # Another server's is not sent to this one.
    file.write_text(token_output("http://localhost:1", WRONG))
    assert credentials.token_for(stand_in.url) is None
    file.write_text(token_output("http://localhost:1", WRONG) + token_output(stand_in.url))
    assert credentials.token_for(stand_in.url) == TOKEN
    # This machine has several names; another port, path or scheme is another server.
    assert credentials.token_for(stand_in.url.replace("localhost", "127.0.0.1")) == TOKEN
    for other in (
        stand_in.url + "x",
        stand_in.url.replace("http:", "https:"),
        stand_in.url.replace("localhost", "gpu-box"),
    ):
        assert credentials.token_for(other) is None, other
    # What the script or the environment says comes first.
    monkeypatch.setenv("AGNEZ_TOKEN", WRONG)
    assert credentials.token_for(stand_in.url) == WRONG
    monkeypatch.delenv("AGNEZ_TOKEN")
    board = agnez.Board("b", url=stand_in.url, spool=tmp_path / "spool")
    board.log(step=0, loss=1.0)
    assert board.flush(20)
    assert stand_in.points()
    board.close()
    # The spool holds no token.
    assert not any(
        TOKEN.encode() in path.read_bytes()
        for path in (tmp_path / "spool").rglob("*")
        if path.is_file()
    )


def test_a_token_is_found_in_the_data_folder_and_odd_files_are_none(
    stand_in: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    data = tmp_path / "agnez-data"
    data.mkdir()
    file = data / "token"
    for text in (
        "",
        "agz_x",
        "http://#token=x",
        "http://[::1#token=x\n",
        "#token=x",
        "http://u:p@h/#token=x",
    ):
        file.write_text(text)
        assert credentials.token_for(stand_in.url) is None, text
    file.write_bytes(b"\xff\x00" + token_output(stand_in.url).encode())
    assert credentials.token_for(stand_in.url) == TOKEN
    monkeypatch.setenv("AGNEZ_DATA", str(tmp_path / "elsewhere"))
    assert credentials.token_for(stand_in.url) is None
