"""What a notebook shows of boards, runs and cells."""

from __future__ import annotations

import base64
import re
from typing import Any
from urllib.parse import quote

import pytest

import agnez
from agnez import _notebook
from server import Server, sent


def shown_in_notebook(shown: Any) -> str:
    html = shown._repr_html_()
    assert isinstance(html, str), shown
    return html


def pictures(shown: str) -> dict[str, str]:
    """The drawings in an output, by their titles."""
    found = re.findall(r'<img alt="([^"]*)" src="data:image/svg\+xml;base64,([^"]+)"', shown)
    return {title: base64.b64decode(data).decode() for title, data in found}


def test_a_cell_is_its_drawing_with_a_link_to_its_board(
    server: Server, board: Any, name: str
) -> None:
    shown = shown_in_notebook(board.line("loss").append(train=[3, 2, 1]))
    (drawing,) = pictures(shown).values()
    assert drawing.startswith("<svg") and "train" in drawing
    assert f'href="{server.url}/b/{name}"' in shown
    assert f'data-live="{server.url}/values/{name}-loss.svg?' in shown


def test_a_board_has_its_first_drawings_and_counts_the_others(board: Any) -> None:
    for at in range(_notebook._PICTURES + 3):
        board.line(f"line {at}").append(a=[1, 2])
    shown = shown_in_notebook(board)
    assert list(pictures(shown)) == [f"line {at}" for at in range(_notebook._PICTURES)]
    assert "and 3 more cells" in shown


def test_a_run_has_its_metrics_and_its_own_curves(server: Server, name: str) -> None:
    for run_name in ("<first>", "second"):
        with agnez.init(project=name, name=run_name, url=server.url) as run:
            for step in range(3):
                run.log({"loss": 1 / (step + 1), "epoch": step}, step=step)
    board = agnez.Board(name, url=server.url)
    board.line("other").append(a=1)
    sent(board)
    shown = shown_in_notebook(run)
    (drawing,) = pictures(shown).values()
    assert "second" in drawing and "first" not in drawing
    assert "second: finished" in shown and "<th>loss</th><td>0.33333</td>" in shown
    assert f"/b/{name}?run={quote(run.id)}" in shown


def test_texts_of_others_stay_texts(server: Server, board: Any, name: str) -> None:
    title = '"><script>alert(1)</script>'
    board.line("loss", title=title).append(a=1)
    with agnez.init(project=name, name=title, url=server.url) as run:
        run.log({"<script>": 1})
    for shown in (shown_in_notebook(board), shown_in_notebook(run)):
        # Only our own script.
        assert shown.count("<script>") == 1 and "alert(1)" not in shown.replace("alert(1)&lt;", "")


def test_without_a_server_a_notebook_shows_the_text(tmp_path: Any) -> None:
    for mode in ("online", "offline", "disabled"):
        board = agnez.Board("b", url="http://127.0.0.1:9", spool=str(tmp_path), mode=mode)
        assert board._repr_html_() is None and board.line("loss")._repr_html_() is None
        run = agnez.Run("b", "first", "first", url="http://127.0.0.1:9", mode=mode)
        assert run._repr_html_() is None


def test_a_cell_without_a_drawing_is_a_text(board: Any) -> None:
    assert board.text("notes", "# Notes")._repr_html_() is None


def test_the_bytes_of_an_output_are_bounded(board: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for at in range(4):
        board.line(f"line {at}").append(a=[1, 2])
    sent(board)
    one = len(next(iter(pictures(shown_in_notebook(board)).values())))
    monkeypatch.setattr(_notebook, "_BYTES", 2 * one + one // 2)
    assert len(pictures(shown_in_notebook(board))) == 2
