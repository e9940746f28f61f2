"""The values of the cells that are drawn from numbers, as docs/cells.md has them."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence, Tuple

from . import dataframes as frames
from .convert import clean, entry, label, labels as different, listed, numbers

#: How deep arrays and lists of numbers may be nested.
_DEPTH = 32


def _told(**keys: Any) -> Dict[str, Any]:
    return {name: clean(value) for name, value in keys.items() if value is not None}


def table(rows: Any, columns: Optional[Sequence[Any]]) -> Dict[str, Any]:
    """Rows as lists or as dicts, a dict of columns, or a DataFrame, before whose columns its index stands where it says something."""
    found = frames.columns_of(rows)
    rows = rows if found is None else found
    if isinstance(rows, dict):
        lists = [listed(column, f"the column {name!r}") for name, column in rows.items()]
        if len({len(column) for column in lists}) > 1:
            raise ValueError(f"columns must have the same length, not {[len(column) for column in lists]}")
        chosen = list(range(len(lists))) if columns is None else _chosen(list(rows), list(columns))
        columns = list(rows) if columns is None else columns
        rows = [list(row) for row in zip(*(lists[at] for at in chosen))]
    rows = listed(rows, "rows")
    if rows and all(isinstance(row, dict) for row in rows):
        # 1 and "1" are two columns.
        known = dict.fromkeys(_key(name) for row in rows for name in row)
        keys = list(known) if columns is None else [_known(_key(name), known) for name in columns]
        columns = [name for _, name in keys] if columns is None else columns
        rows = [[{_key(name): item for name, item in row.items()}.get(key) for key in keys] for row in rows]
    rows = [[entry(item) for item in listed(row, "a row")] for row in rows]
    width = max((len(row) for row in rows), default=0)
    names = different(list(columns) if columns is not None else list(range(width)))
    if any(len(row) != len(names) for row in rows):
        raise ValueError(f"each row must have {len(names)} items, one for each column")
    return {"columns": names, "rows": rows}


def _key(name: Any) -> Tuple[bool, str]:
    """What tells the names of columns apart, of any type: two NaN are one name."""
    return isinstance(name, str), label(name)


def _known(key: Tuple[bool, str], known: Dict[Tuple[bool, str], Any]) -> Tuple[bool, str]:
    """The key itself, or that of the same text where only this one is there: ``columns=["1"]`` of ``{1: "a"}``."""
    other = (not key[0], key[1])
    return other if key not in known and other in known else key


def _chosen(names: List[Any], columns: List[Any]) -> List[int]:
    """The places of the columns that ``columns=`` names; of all of them where it gives them other names."""
    places = {key: at for at, key in reversed(list(enumerate(map(_key, names))))}
    wanted = [_known(_key(name), places) for name in columns]
    if all(key in places for key in wanted):
        return [places[key] for key in wanted]
    # A name that stands elsewhere is meant as a choice, and what is missing beside it is a mistake.
    if len(columns) != len(names) or any(places.get(key, at) != at for at, key in enumerate(wanted)):
        raise ValueError(f"columns= must be some of {', '.join(map(label, names))}, or {len(names)} new names")
    return list(range(len(names)))


def histogram(values: Any, counts: Any, edges: Any, steps: Any, view: Optional[str], unit: Optional[str]) -> Dict[str, Any]:
    """Raw values of any shape, or counts with their edges; over steps one list for each."""
    if (values is None) == (counts is None):
        raise TypeError("a histogram takes either values, or counts= and edges=")
    if counts is not None:
        if edges is None:
            raise TypeError("counts= needs edges=, one more than there are counts")
        rows = listed(counts, "counts")
        told = _told(counts=numbers(rows, "counts") if steps is None else [numbers(row, "each item of counts, with steps=,") for row in rows], edges=numbers(edges, "edges"))
    else:
        told = {"values": [_flat(item, "values") for item in listed(values, "values")] if steps is not None else _flat(values, "values")}
    return {**told, **_told(steps=None if steps is None else numbers(steps, "steps"), view=view, unit=unit)}


def _flat(values: Any, what: str, depth: int = 0) -> List[Any]:
    if depth > _DEPTH:
        raise ValueError(f"{what} may be nested {_DEPTH} deep, and must not hold themselves")
    found = frames.values_of(values)
    out: List[Any] = []
    plain: List[Any] = []
    for item in listed(values if found is None else list(found.values()), what):
        if hasattr(item, "__iter__") and not isinstance(item, (str, bytes, dict)) and getattr(item, "shape", None) != ():
            out += numbers(plain, what) + _flat(item, what, depth + 1)
            plain = []
        else:
            plain.append(item)
    return out + numbers(plain, what)


def heatmap(matrix: Any, rows: Any, columns: Any, row_label: Optional[str], column_label: Optional[str], unit: Optional[str]) -> Any:
    """A matrix of shape (rows, columns); of nothing it is no value yet."""
    found = frames.values_of(matrix)
    if found is not None:
        rows = frames.named_rows(matrix) if rows is None else rows
        columns = list(found) if columns is None else columns
        matrix = [list(row) for row in zip(*found.values())]
    values = [numbers(row, "a row of the matrix") for row in listed(matrix, "matrix")]
    if len({len(row) for row in values}) > 1:
        raise ValueError("all rows of the matrix must have the same length")
    names = [None if side is None else [label(name) for name in listed(side, "rows= and columns=")] for side in (rows, columns)]
    for side, count, what in ((names[0], len(values), "rows"), (names[1], len(values[0]) if values else 0, "columns")):
        if side is not None and len(side) != count:
            raise ValueError(f"{what}= must have {count} names, not {len(side)}")
    if not values or not values[0]:
        return []
    return _told(values=values, rows=names[0], columns=names[1], row_label=row_label, column_label=column_label, unit=unit)


def bar(values: Any, labels: Any, unit: Optional[str], horizontal: Optional[bool]) -> Dict[str, Any]:
    """A number for each label; or, side by side, a list for each series."""
    names = None if labels is None else [label(name) for name in listed(labels, "labels")]
    if frames.is_series(values) or frames.is_frame(values):
        names = frames.named_rows(values) if names is None else names
        found = frames.values_of(values) or {}
        values = next(iter(found.values())) if frames.is_series(values) else found
    if isinstance(values, dict):
        lists = [item for item in values.values() if hasattr(item, "__len__") and not isinstance(item, (str, bytes))]
        if lists and len(lists) == len(values):
            series = {name: numbers(item, f"the series {name!r}") for name, item in zip(different(list(values)), values.values())}
            count = len(next(iter(series.values())))
            if any(len(item) != count for item in series.values()) or names is not None and len(names) != count:
                raise ValueError("each series must have one number for each label")
            return _told(labels=names or [str(at) for at in range(count)], series=series, unit=unit, horizontal=horizontal)
        if names is not None:
            raise TypeError("labels= stands beside a list; a dict has its labels itself")
        names, values = different(list(values)), list(values.values())
    heights = numbers(values, "values")
    if names is not None and len(names) != len(heights):
        raise ValueError(f"labels= must have {len(heights)} names, not {len(names)}")
    return _told(labels=names or [str(at) for at in range(len(heights))], values=heights, unit=unit, horizontal=horizontal)


def scatter(x: Any, y: Any, labels: Any, x_label: Optional[str], y_label: Optional[str]) -> Any:
    """Two lists of the same length, and a label for each point; of nothing it is no value yet."""
    across, up = _flat(x, "x"), _flat(y, "y")
    names = None if labels is None else [label(name) for name in listed(labels, "labels")]
    if len(across) != len(up) or names is not None and len(names) != len(across):
        raise ValueError(f"x, y and labels= must have the same length, not {len(across)}, {len(up)}{'' if names is None else f', {len(names)}'}")
    if not across:
        return []
    return _told(x=across, y=up, label=names, x_label=x_label, y_label=y_label)


def single(value: float, unit: Optional[str], previous: Any, trend: Any, better: Optional[str]) -> Dict[str, Any]:
    """One large value, with what it is compared to."""
    if better not in (None, "up", "down"):
        raise ValueError(f"better must be 'up' or 'down', not {better!r}")
    before = None if previous is None else numbers([previous], "previous")[0]
    return _told(value=value, unit=unit, previous=before, trend=None if trend is None else numbers(trend, "trend"), better=better)
