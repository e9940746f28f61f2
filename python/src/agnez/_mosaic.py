"""Mosaics, as Matplotlib writes them: ``AAB;AAC`` has three rectangles; ``.`` is empty."""

from __future__ import annotations

import re
import string
from typing import Any

from ._values import names
from .cell import Cell

#: The layouts of Keen Dashboards that the server knows by name.
NAMED = {
    "hero-thirds": "HHA;HHB;CDE",
    "hero-sidebar": "SHHH;SABC;SDEF",
    "quarter-grid": "ABCD",
    "thirds-grid": "ABC",
    "split-columns": "AABB;CDEF",
    "split-rows": "ABBB",
    "split-centered": "ABBC;DBBE",
    "two-and-one": "AA;BC",
}
LETTERS = string.ascii_uppercase + string.ascii_lowercase
MAX_COLUMNS = 12
MAX_ROWS = 24


def letters_of(mosaic: str) -> set[str]:
    """The letters of a mosaic, or of the named one. ValueError unless each is one rectangle."""
    if not isinstance(mosaic, str):
        raise TypeError(f"a mosaic is a string such as 'AAB;AAC', not {type(mosaic).__name__}")
    rows = [row.strip() for row in re.split("[;\n]", NAMED.get(mosaic, mosaic)) if row.strip()]
    letters = {letter for row in rows for letter in row} - {"."}
    if not letters or not letters <= set(LETTERS):
        known = ", ".join(NAMED)
        raise ValueError(
            f"a mosaic has letters and '.', such as 'AAB;AAC', or is one of {known}, not {mosaic!r}"
        )
    if len(rows) > MAX_ROWS or any(
        len(row) != len(rows[0]) or len(row) > MAX_COLUMNS for row in rows
    ):
        raise ValueError(
            f"a mosaic has up to {MAX_ROWS} rows of equal length, up to {MAX_COLUMNS}, "
            f"not {mosaic!r}"
        )
    for letter in letters:
        places = [
            (row, at)
            for row, line in enumerate(rows)
            for at, known in enumerate(line)
            if known == letter
        ]
        height = 1 + places[-1][0] - places[0][0]
        columns = [at for _, at in places]
        if height * (1 + max(columns) - min(columns)) != len(places):
            raise ValueError(f"each letter of a mosaic is one rectangle, but {letter!r} is none")
    return letters


def block(mosaic: str, cells: dict[str, Any], id: str | None = None) -> dict[str, Any]:
    """The block of a layout with these cells, which are cells or their names."""
    letters = letters_of(mosaic)
    if not cells:
        raise ValueError("a mosaic needs a cell for a letter: layout('AB', A='loss')")
    named = {}
    for letter, cell in cells.items():
        if letter not in letters:
            raise ValueError(f"{letter!r} is no letter of the mosaic {mosaic!r}")
        named[letter] = cell.id if isinstance(cell, Cell) else names.check_name(cell)
    return {**({} if id is None else {"id": id}), "mosaic": mosaic, "cells": named}
