"""Reading back what was logged: ``agnez.runs("digits", q="lr<0.01")``."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from ._transport import credentials, reader
from ._transport.run_requests import run_path
from ._values import names

#: Runs, points and groups of one response.
_RUNS_PER_REQUEST = 500
_POINTS_PER_REQUEST = 10_000
_GROUPS_PER_REQUEST = 200


def runs(
    board: str = "main",
    *,
    q: str | None = None,
    sort: str | None = None,
    limit: int | None = None,
    url: str | None = None,
    token: str | None = None,
) -> list[dict[str, Any]]:
    """The documents of a board's runs: ``runs("digits", q="lr<0.01", sort="-metrics.acc.max")``.

    Without ``sort`` the newest run is first. ``metrics`` of a document has the last value of each
    metric, its lowest, highest and mean one; NaN and infinities are floats.

    :param q: a search, as in the page: ``lr<0.01 tag:ok -status:failed``.
    :param sort: a key, with ``-`` for descending order.
    :param limit: at most so many.

    :class:`agnez.Error` if the server does not answer, or does not understand the search.
    """
    server = credentials.register_server(url, token)
    path = f"/boards/{quote(names.check_board_name(board), safe='')}/runs"
    # By their ids: a run that begins meanwhile moves the others to the next page.
    found: dict[str, dict[str, Any]] = {}
    skip = 0
    while limit is None or len(found) < limit:
        most = _RUNS_PER_REQUEST if limit is None else min(_RUNS_PER_REQUEST, limit - len(found))
        query = {"q": q, "sort": sort, "$limit": most, "$skip": skip}
        documents = reader.read(server, path, query)
        skip += len(documents)
        for document in documents:
            found.setdefault(document["_id"], _with_floats(document))
        if len(documents) < most:
            break
    return list(found.values())


def _with_floats(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the NaN and infinities of its metrics, which JSON has as texts."""
    for figures in document.get("metrics", {}).values():
        texts = {name: text for name, text in figures.items() if isinstance(text, str)}
        figures.update({name: float(text) for name, text in texts.items()})
    return document


def history(
    board: str, run: str, metric: str, *, url: str | None = None, token: str | None = None
) -> dict[str, list[float]]:
    """All points of a run's metric, in their order: ``{"step": […], "value": […], "time": […]}``.

    ``time`` is in seconds since 1970. :class:`agnez.Error` if the server does not answer, or has no
    such metric.
    """
    server = credentials.register_server(url, token)
    columns: dict[str, list[float]] = {"step": [], "value": [], "time": []}
    while True:
        query = {
            "metric": metric,
            "from": len(columns["step"]),
            "limit": _POINTS_PER_REQUEST,
        }
        part = reader.read(server, run_path((board, run), "/history"), query)
        for name, column in columns.items():
            # NaN and infinities are texts, which float() reads.
            column += [float(value) for value in part[name]]
        if not part["step"] or len(columns["step"]) >= part["total"]:
            return columns


def groups(
    board: str = "main",
    *,
    by: Any,
    metric: str | None = None,
    stat: str | None = None,
    q: str | None = None,
    baseline: str | None = None,
    url: str | None = None,
    token: str | None = None,
) -> list[dict[str, Any]]:
    """The groups of a board's runs: ``groups("digits", by=["config.lr"], metric="val/acc")``.

    Each is a dict with ``key`` (the values of ``by``), ``label``, ``id``, ``runs`` and, over its
    finished runs, ``mean``, ``std``, ``half_width`` (of the 95 % t interval), ``n`` (how many runs
    are in the mean) and ``diverged`` (how many have no finite value); docs/comparison.md has the
    others. Missing numbers are None. The best mean comes first.

    :param by: a key of the configuration or of the run, or several, named as in a search.
    :param metric: by default the board's goal, or the most telling metric.
    :param stat: the number of each run: ``last`` (the default), ``best``, or ``mean10``, the mean
        over the last 10 % of the steps.
    :param q: a search, as for :func:`runs`.
    :param baseline: the id of a group or of a run; the others have a ``difference`` from it.

    :class:`agnez.Error` if the server does not answer, or does not understand the query.
    """
    server = credentials.register_server(url, token)
    path = f"/boards/{quote(names.check_board_name(board), safe='')}/run-groups"
    query = {
        "by": by if isinstance(by, str) else ",".join(by),
        "metric": metric,
        "stat": stat,
        "q": q,
        "baseline": baseline,
        "$limit": _GROUPS_PER_REQUEST,
    }
    found: dict[str, dict[str, Any]] = {}
    skip = 0
    while True:
        page = reader.read(server, path, {**query, "$skip": skip})
        skip += len(page["groups"])
        for group in page["groups"]:
            found.setdefault(group["id"], {**group, "n": group.pop("used")})
        if not page["groups"] or skip >= page["total"]:
            return list(found.values())
