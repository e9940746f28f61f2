"""What Jupyter shows of boards, runs and cells: pictures with links, which need no server later.

Where scripts run, and the server lets the notebook embed its drawings (``--allow-embed``), the
pictures follow what is logged.
"""

from __future__ import annotations

import base64
import html
import secrets
import time
from typing import Any
from urllib.parse import quote, urlencode

from ._transport import reader
from ._transport.http import cell_path
from ._transport.run_requests import run_path

#: Everything that is shown is read within this time, in seconds.
_READ_S = 5.0
#: How long what was logged may be on its way, in seconds.
FLUSH_S = 1.0
#: Pictures of a board or a run, and their bytes: a notebook stores them.
_PICTURES = 8
_BYTES = 2 << 20
#: Cells of a board that are looked at.
_CELLS = 100
_SELECTED = {"$select[]": ["name", "hidden"]}
#: Metrics of a run that are listed.
_METRICS = 20
_PICTURE_SIZE = {"width": 520, "height": 240, "theme": "light"}
#: Loads each picture again every 3 s while it is in sight, until the server refuses one.
_FOLLOW = """\
<script>(() => {
  for (const image of document.querySelectorAll("#%s img[data-live]")) {
    const next = () => {
      if (!image.isConnected) return;
      if (document.hidden) return void setTimeout(next, 3000);
      const fresh = new Image();
      fresh.referrerPolicy = "origin";
      fresh.onload = () => { image.src = fresh.src; setTimeout(next, 3000); };
      fresh.src = image.dataset.live + "&at=" + Date.now();
    };
    next();
  }
})()</script>"""


class _Page:
    """What one output has read so far."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._deadline = time.monotonic() + _READ_S
        self._bytes = 0
        self._pictures = 0

    @property
    def is_full(self) -> bool:
        return self._pictures >= _PICTURES or self._bytes >= _BYTES

    def read(self, path: str, query: dict[str, Any] | None = None) -> Any:
        return reader.read(self.url, path, query, self._left())

    def picture(self, id: str, title: str, link: str, **query: str) -> str:
        """The drawing of a cell; empty for one that is not drawn."""
        path = f"{cell_path(id)}.svg?{urlencode({**_PICTURE_SIZE, **query})}"
        try:
            drawing = reader.fetch(self.url, path, self._left())
        except reader.ReadError as error:
            if error.status in (404, 422):
                return ""
            raise
        if self._bytes + len(drawing) > _BYTES:
            return ""
        self._bytes += len(drawing)
        self._pictures += 1
        data = base64.b64encode(drawing).decode()
        return (
            f'<a href="{html.escape(link)}" target="_blank" rel="noopener">'
            f'<img alt="{html.escape(title)}" src="data:image/svg+xml;base64,{data}"'
            f' data-live="{html.escape(self.url + path)}"></a>'
        )

    def _left(self) -> float:
        return max(0.01, self._deadline - time.monotonic())


def of_cell(url: str, board: str, id: str, name: str) -> str | None:
    """The drawing of a cell; None if it is not drawn, or the server does not answer."""
    try:
        picture = _Page(url).picture(id, name, board_link(url, board))
    except reader.ReadError:
        return None
    return _framed([picture]) if picture else None


def of_board(url: str, board: str) -> str | None:
    """The first drawings of a board; None if the server does not answer."""
    page, link = _Page(url), board_link(url, board)
    try:
        cells = page.read(
            "/values", {"board": board, "$limit": _CELLS, "$page": "true", **_SELECTED}
        )
        shown = [cell for cell in cells["data"] if not cell.get("hidden")]
        pictures = _pictures(page, shown, link)
    except reader.ReadError:
        return None
    left = cells["total"] - len(cells["data"]) + len(shown) - len(pictures)
    return _framed([_heading(board, link), *pictures, _rest(left, link)])


def of_run(url: str, board: str, id: str, link: str) -> str | None:
    """The status, the metrics and the first charts of a run; None if the server does not answer."""
    page = _Page(url)
    try:
        run = page.read(run_path((board, id)))
        cells = page.read(
            "/values", {"board": board, "type": "line", "$limit": _CELLS, **_SELECTED}
        )
        shown = [cell for cell in cells if not cell.get("hidden")]
        drawn = _with_run(page, shown, id)
        pictures = _pictures(page, drawn, link, runs=id)
    except reader.ReadError:
        return None
    head = _heading(f"{run.get('name', id)}: {run['status']}", link)
    rest = _rest(len(drawn) - len(pictures), link)
    return _framed([head, _table(run.get("metrics", {})), *pictures, rest])


def board_link(url: str, board: str) -> str:
    """The address of the page of a board."""
    return f"{url}/b/{quote(board, safe='')}"


def _with_run(page: _Page, cells: list[dict[str, Any]], run: str) -> list[dict[str, Any]]:
    """The cells that have points of a run."""
    if not cells:
        return []
    ids = ",".join(cell["_id"] for cell in cells)
    columns = page.read("/columns", {"cells": ids, "runs": run, "width": 2})["cells"]
    return [cell for cell in cells if columns.get(cell["_id"], {}).get("runs", {}).get(run)]


def _pictures(page: _Page, cells: list[dict[str, Any]], link: str, **query: str) -> list[str]:
    pictures: list[str] = []
    for cell in cells:
        if page.is_full:
            break
        picture = page.picture(cell["_id"], str(cell.get("name", cell["_id"])), link, **query)
        pictures += [picture] if picture else []
    return pictures


def _heading(text: str, link: str) -> str:
    return (
        f'<div style="flex-basis:100%"><a href="{html.escape(link)}" target="_blank"'
        f' rel="noopener">{html.escape(text)}</a></div>'
    )


def _rest(count: int, link: str) -> str:
    return _heading(f"and {count} more cell{'s' if count > 1 else ''}", link) if count > 0 else ""


def _table(metrics: dict[str, Any]) -> str:
    """The last, the lowest and the highest value of each metric."""
    columns = ("last", "min", "max")
    rows = [
        f"<tr><th>{html.escape(name)}</th>"
        + "".join(f"<td>{_number(figures.get(column))}</td>" for column in columns)
        + "</tr>"
        for name, figures in list(metrics.items())[:_METRICS]
        if not name.startswith("system/")
    ]
    head = "".join(f"<th>{column}</th>" for column in columns)
    return f"<table><tr><th></th>{head}</tr>{''.join(rows)}</table>" if rows else ""


def _number(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, (int, float)) else html.escape(str(value or ""))


def _framed(parts: list[str]) -> str:
    id = f"agnez-{secrets.token_hex(6)}"
    style = "display:flex;flex-wrap:wrap;gap:12px;align-items:flex-start"
    return f'<div id="{id}" style="{style}">{"".join(parts)}</div>{_FOLLOW % id}'
