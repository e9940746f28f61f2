"""Layouts of boards: mosaics from code, and reading them back."""

from __future__ import annotations

from typing import Any

import pytest

import agnez
from agnez import _mosaic
from server import Server, sent


def test_a_mosaic_arranges_cells_by_name_and_by_cell(server: Server, board: Any, name: str) -> None:
    line = board.line("lr")
    board.layout("AAB;AAC", A="loss", B=line, C="acc")
    line.append(loss=1)
    sent(board)
    (block,) = board.layout()["blocks"]
    assert block["mosaic"] == "AAB;AAC"
    assert block["cells"] == {"A": f"{name}-loss", "B": line.id, "C": f"{name}-acc"}
    # The same call makes no second block.
    board.layout("AB", A="loss", B="acc")
    sent(board)
    (block,) = server.ask(f"/boards/{name}/layout")["blocks"]
    assert block["mosaic"] == "AB" and len(block["cells"]) == 2


def test_a_layout_that_was_read_can_be_written(server: Server, board: Any, name: str) -> None:
    board.line("loss").append(loss=1)
    board.layout({"cells": {"loss": {"width": 6, "section": "train"}}, "density": 4})
    sent(board)
    layout = board.layout()
    assert layout["cells"] == {f"{name}-loss": {"section": "train", "width": 6}}
    board.layout({"cells": {"loss": {"width": 12}}, "density": None})
    board.layout(layout)
    sent(board)
    assert board.layout() == layout


def test_every_named_layout_is_known_to_the_server(server: Server, board: Any, name: str) -> None:
    for at, layout in enumerate(_mosaic.NAMED):
        letters = sorted(_mosaic.letters_of(layout))
        board.layout(layout, **{letter: f"{at} {letter}" for letter in letters})
    sent(board)
    blocks = server.ask(f"/boards/{name}/layout")["blocks"]
    assert [block["mosaic"] for block in blocks] == list(_mosaic.NAMED.values())


@pytest.mark.parametrize(
    ("mosaic", "cells", "error"),
    [
        ("", {"A": "a"}, "has letters"),
        ("hero", {"A": "a"}, "no letter of the mosaic"),
        ("hero-fourths", {"A": "a"}, "is one of hero-thirds"),
        ("AB;A", {"A": "a"}, "rows of equal length"),
        ("A" * 13, {"A": "a"}, "up to 12"),
        (";".join("A" * 25), {"A": "a"}, "up to 24 rows"),
        ("AB;BA", {"A": "a"}, "one rectangle"),
        ("A.A", {"A": "a"}, "one rectangle"),
        ("AB", {}, "needs a cell"),
        ("AB", {"C": "c"}, "'C' is no letter"),
        ("AB", {"A": ""}, "1 to 200 characters"),
    ],
)
def test_wrong_mosaics_raise_at_once(
    board: Any, mosaic: str, cells: dict[str, str], error: str
) -> None:
    with pytest.raises(ValueError, match=error):
        board.layout(mosaic, **cells)


@pytest.mark.parametrize(
    ("mosaic", "cells"), [(3, {}), (None, {"A": "loss"}), ({}, {"A": "loss"}), ("A", {"A": 3})]
)
def test_wrong_calls_raise_at_once(board: Any, mosaic: Any, cells: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        board.layout(mosaic, **cells)


def test_reading_needs_the_server() -> None:
    with pytest.raises(agnez.Error, match="does not answer"):
        agnez.Board("b", url="http://127.0.0.1:9", mode="disabled").layout()


def test_a_run_marks_its_steps(server: Server, name: str) -> None:
    with agnez.init(project=name, id="first", url=server.url) as run:
        run.log({"loss": 1}, step=4)
        run.mark("new\nrate")
        run.mark("warm up", step=2, colour=3)
        for text, named in (("", {}), ("x", {"colour": 8}), ("x", {"step": float("inf")})):
            with pytest.raises(ValueError, match=r"mark|finite"):
                run.mark(text, **named)
    marks = server.ask(f"/boards/{name}/marks")
    assert [{**mark, "_id": None} for mark in marks] == [
        {"_id": None, "run": "first", "step": 5, "text": "new rate"},
        {"_id": None, "run": "first", "step": 2, "text": "warm up", "colour": 3},
    ]
