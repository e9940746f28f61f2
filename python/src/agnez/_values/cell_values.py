"""The values of cells that are drawn from numbers (docs/cells.md)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from . import dataframes
from .bins import DEFAULT_BINS, bin_edges, count_values
from .convert import optional_title, to_label, to_list
from .convert import unique_labels as different
from .json_types import to_json, to_json_numbers, to_table_item

#: Levels of nested arrays and lists of numbers.
_DEPTH = 32


def _without_none(**keys: Any) -> dict[str, Any]:
    return {name: to_json(value) for name, value in keys.items() if value is not None}


def table(rows: Any, columns: Sequence[Any] | None) -> dict[str, Any]:
    """The value of a table: rows as lists or dicts, a dict of columns, or a DataFrame.

    A DataFrame's index comes before its columns, unless it counts from 0.
    """
    found = dataframes.to_columns(rows)
    rows = rows if found is None else found
    if isinstance(rows, dict):
        lists = [to_list(column, f"the column {name!r}") for name, column in rows.items()]
        if len({len(column) for column in lists}) > 1:
            raise ValueError(
                f"columns must have the same length, not {[len(column) for column in lists]}"
            )
        chosen = (
            list(range(len(lists)))
            if columns is None
            else _select_columns(list(rows), list(columns))
        )
        columns = list(rows) if columns is None else columns
        rows = [list(row) for row in zip(*(lists[at] for at in chosen))]
    rows = to_list(rows, "rows")
    if rows and all(isinstance(row, dict) for row in rows):
        # 1 and "1" are different columns.
        known = dict.fromkeys(_column_key(name) for row in rows for name in row)
        keys = (
            list(known)
            if columns is None
            else [_find_key(_column_key(name), known) for name in columns]
        )
        columns = [name for _, name in keys] if columns is None else columns
        rows = [
            [{_column_key(name): item for name, item in row.items()}.get(key) for key in keys]
            for row in rows
        ]
    rows = [[to_table_item(item) for item in to_list(row, "a row")] for row in rows]
    width = max((len(row) for row in rows), default=0)
    names = different(list(columns) if columns is not None else list(range(width)))
    if any(len(row) != len(names) for row in rows):
        raise ValueError(f"each row must have {len(names)} items, one for each column")
    return {"columns": names, "rows": rows}


def _column_key(name: Any) -> tuple[bool, str]:
    """A key that is equal for equal column names of any type: two NaN are one name."""
    return isinstance(name, str), to_label(name)


def _find_key(key: tuple[bool, str], known: dict[tuple[bool, str], Any]) -> tuple[bool, str]:
    """The key itself, or that of the same text: ``columns=["1"]`` of ``{1: "a"}``."""
    other = (not key[0], key[1])
    return other if key not in known and other in known else key


def _select_columns(names: list[Any], columns: list[Any]) -> list[int]:
    """The positions of the columns that ``columns=`` names.

    All positions if ``columns=`` renames all columns.
    """
    places = {key: at for at, key in reversed(list(enumerate(map(_column_key, names))))}
    wanted = [_find_key(_column_key(name), places) for name in columns]
    if all(key in places for key in wanted):
        return [places[key] for key in wanted]
    # A known name at another position means a selection, in which unknown names are mistakes.
    if len(columns) != len(names) or any(
        places.get(key, at) != at for at, key in enumerate(wanted)
    ):
        raise ValueError(
            f"columns= must be some of {', '.join(map(to_label, names))}, or {len(names)} new names"
        )
    return list(range(len(names)))


def histogram(
    values: Any,
    counts: Any = None,
    edges: Any = None,
    *,
    steps: Any = None,
    view: str | None = None,
    unit: str | None = None,
    bins: Any = None,
    limits: tuple[float, float] | None = None,
) -> dict[str, Any]:
    """Raw values of any shape, or counts with their edges; over steps, one list for each step.

    ``bins`` and ``limits`` turn raw values into counts (:func:`agnez._values.bins.bin_edges`).
    Without them, and for a rule such as ``"auto"``, the server chooses the bins.
    """
    if (values is None) == (counts is None):
        raise TypeError("a histogram takes either values, or counts= and edges=")
    settings = _without_none(
        steps=None if steps is None else to_json_numbers(steps, "steps"),
        view=view,
        unit=optional_title(unit),
    )
    if counts is not None:
        if edges is None or bins is not None:
            raise TypeError("counts= needs edges=, one more than there are counts, and no bins=")
        rows: Any = to_list(counts, "counts")
        if steps is None:
            rows = to_json_numbers(rows, "counts")
        else:
            rows = [to_json_numbers(row, "each item of counts, with steps=,") for row in rows]
        return {"counts": rows, "edges": to_json_numbers(edges, "edges"), **settings}
    if edges is not None:
        raise TypeError("edges= belongs to counts=; the edges of values are bins=")
    if steps is None:
        rows = [flatten(values, "values")]
    else:
        rows = [flatten(item, "values") for item in to_list(values, "values")]
    if (bins is None or isinstance(bins, str)) and (limits is None or isinstance(bins, str)):
        return {"values": rows if steps is not None else rows[0], **settings}
    numbers = [[math.nan if item is None else float(item) for item in row] for row in rows]
    every = [number for row in numbers for number in row]
    found = bin_edges(every, DEFAULT_BINS if bins is None else bins, limits)
    binned = [count_values(row, found) for row in numbers]
    return {
        "counts": binned if steps is not None else binned[0],
        "edges": found,
        **settings,
    }


def flatten(values: Any, what: str, depth: int = 0) -> list[Any]:
    if depth > _DEPTH:
        raise ValueError(f"{what} may be nested {_DEPTH} deep, and must not hold themselves")
    found = dataframes.to_value_columns(values)
    out: list[Any] = []
    plain: list[Any] = []
    for item in to_list(values if found is None else list(found.values()), what):
        if (
            hasattr(item, "__iter__")
            and not isinstance(item, (str, bytes, dict))
            and getattr(item, "shape", None) != ()
        ):
            out += to_json_numbers(plain, what) + flatten(item, what, depth + 1)
            plain = []
        else:
            plain.append(item)
    return out + to_json_numbers(plain, what)


def heatmap(
    matrix: Any,
    rows: Any,
    columns: Any,
    row_label: str | None,
    column_label: str | None,
    unit: str | None,
) -> Any:
    """The value of a matrix of shape (rows, columns); an empty one has no value yet."""
    found = dataframes.to_value_columns(matrix)
    if found is not None:
        rows = dataframes.row_labels(matrix) if rows is None else rows
        columns = list(found) if columns is None else columns
        matrix = [list(row) for row in zip(*found.values())]
    values = [to_json_numbers(row, "a row of the matrix") for row in to_list(matrix, "matrix")]
    if len({len(row) for row in values}) > 1:
        raise ValueError("all rows of the matrix must have the same length")
    names = [
        None if side is None else [to_label(name) for name in to_list(side, "rows= and columns=")]
        for side in (rows, columns)
    ]
    for side, count, what in (
        (names[0], len(values), "rows"),
        (names[1], len(values[0]) if values else 0, "columns"),
    ):
        if side is not None and len(side) != count:
            raise ValueError(f"{what}= must have {count} names, not {len(side)}")
    if not values or not values[0]:
        return []
    return _without_none(
        values=values,
        rows=names[0],
        columns=names[1],
        row_label=optional_title(row_label),
        column_label=optional_title(column_label),
        unit=optional_title(unit),
    )


def bar(values: Any, labels: Any, unit: str | None, horizontal: bool | None) -> dict[str, Any]:
    """The value of bars: a number for each label, or a list for each series."""
    names = None if labels is None else [to_label(name) for name in to_list(labels, "labels")]
    if dataframes.is_series(values) or dataframes.is_dataframe(values):
        names = dataframes.row_labels(values) if names is None else names
        found = dataframes.to_value_columns(values) or {}
        values = next(iter(found.values())) if dataframes.is_series(values) else found
    if isinstance(values, dict):
        lists = [
            item
            for item in values.values()
            if hasattr(item, "__len__") and not isinstance(item, (str, bytes))
        ]
        if lists and len(lists) == len(values):
            series = {
                name: to_json_numbers(item, f"the series {name!r}")
                for name, item in zip(different(list(values)), values.values())
            }
            count = len(next(iter(series.values())))
            if any(len(item) != count for item in series.values()) or (
                names is not None and len(names) != count
            ):
                raise ValueError("each series must have one number for each label")
            return _without_none(
                labels=names or [str(at) for at in range(count)],
                series=series,
                unit=optional_title(unit),
                horizontal=horizontal,
            )
        if names is not None:
            raise TypeError("labels= stands beside a list; a dict has its labels itself")
        names, values = different(list(values)), list(values.values())
    heights = to_json_numbers(values, "values")
    if names is not None and len(names) != len(heights):
        raise ValueError(f"labels= must have {len(heights)} names, not {len(names)}")
    return _without_none(
        labels=names or [str(at) for at in range(len(heights))],
        values=heights,
        unit=optional_title(unit),
        horizontal=horizontal,
    )


def axis_titles(x_label: Any, y_label: Any) -> dict[str, Any]:
    """The titles of a chart's axes, as keys of its value."""
    return _without_none(x_label=optional_title(x_label), y_label=optional_title(y_label))


def scatter(x: Any, y: Any, labels: Any) -> Any:
    """Two lists of equal length, and a label for each point; without points no value yet."""
    across, up = flatten(x, "x"), flatten(y, "y")
    names = None if labels is None else [to_label(name) for name in to_list(labels, "labels")]
    if len(across) != len(up) or (names is not None and len(names) != len(across)):
        raise ValueError(
            "x, y and labels= must have the same length, "
            f"not {', '.join(str(len(each)) for each in (across, up, names) if each is not None)}"
        )
    if not across:
        return []
    return _without_none(x=across, y=up, label=names)


def number(
    value: float, unit: str | None, previous: Any, trend: Any, better: str | None
) -> dict[str, Any]:
    """One large number, and the values that it is compared with."""
    if better not in (None, "up", "down"):
        raise ValueError(f"better must be 'up' or 'down', not {better!r}")
    before = None if previous is None else to_json_numbers([previous], "previous")[0]
    return _without_none(
        value=value,
        unit=optional_title(unit),
        previous=before,
        trend=None if trend is None else to_json_numbers(trend, "trend"),
        better=better,
    )
