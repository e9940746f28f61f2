"""The plots of ``wandb.plot``, as cells: ``agnez.log({"confusion": agnez.plot.confusion_matrix(y_true=y, preds=p)})``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ._values import cell_values, convert
from .media import Plot, Table, Unsupported


def _column(table: Table, name: Any) -> list[Any]:
    title = convert.to_label(name)
    if not isinstance(table, Table) or title not in table.columns:
        raise ValueError(f"the plot needs an agnez.Table with the column {title!r}")
    return [row[table.columns.index(title)] for row in table.data]


def bar(table: Table, label: Any, value: Any, title: Any = None, split_table: bool = False) -> Plot:
    """A bar of the height in the column ``value`` for each row, named by the column ``label``."""
    del title, split_table
    return Plot("bar", cell_values.bar(_column(table, value), _column(table, label), None, None))


def scatter(table: Table, x: Any, y: Any, title: Any = None, split_table: bool = False) -> Plot:
    """A point for each row, from two columns."""
    del title, split_table
    return Plot(
        "scatter",
        cell_values.scatter(
            _column(table, x), _column(table, y), None, convert.to_label(x), convert.to_label(y)
        ),
    )


def histogram(table: Table, value: Any, title: Any = None, split_table: bool = False) -> Plot:
    """The distribution of a column."""
    del title, split_table
    return Plot(
        "histogram", cell_values.histogram(_column(table, value), None, None, None, None, None)
    )


def line(
    table: Table, x: Any, y: Any, stroke: Any = None, title: Any = None, split_table: bool = False
) -> Plot:
    """A line through two columns."""
    del stroke, title, split_table
    return _lines({convert.to_label(y): (_column(table, x), _column(table, y))})


def line_series(
    xs: Any,
    ys: Any,
    keys: Sequence[Any] | None = None,
    title: Any = None,
    xname: Any = None,
    split_table: bool = False,
) -> Plot:
    """Several lines, over steps of their own (a list of lists) or common ones."""
    del title, xname, split_table
    lists = [convert.to_list(each, "an item of ys") for each in convert.to_list(ys, "ys")]
    steps = convert.to_list(xs, "xs")
    own = (
        [convert.to_list(each, "an item of xs") for each in steps]
        if steps and hasattr(steps[0], "__iter__")
        else [steps] * len(lists)
    )
    names = convert.unique_labels(
        list(keys) if keys is not None else [f"line {at}" for at in range(len(lists))]
    )
    if len(own) != len(lists) or len(names) != len(lists):
        raise ValueError(
            f"xs, ys and keys must have the same length, not {len(own)}, {len(lists)}, {len(names)}"
        )
    return _lines({name: (x, y) for name, x, y in zip(names, own, lists)})


def _lines(lines: dict[str, Any]) -> Plot:
    series: dict[str, Any] = {}
    for name, (x, y) in lines.items():
        if len(x) != len(y):
            raise ValueError(f"the line {name!r} has {len(x)} steps and {len(y)} values")
        series[name] = {
            "x": [convert.to_step(each) for each in x],
            "y": convert.to_json_numbers(y, "a line"),
        }
    return Plot("line", {"series": series})


def confusion_matrix(
    probs: Any = None,
    y_true: Any = None,
    preds: Any = None,
    class_names: Sequence[Any] | None = None,
    title: Any = None,
    split_table: bool = False,
) -> Plot:
    """How often each class (an index) was taken for each other: ``preds``, or the likeliest of ``probs`` (N, classes)."""
    del title, split_table
    if (probs is None) == (preds is None) or y_true is None:
        raise ValueError("confusion_matrix takes y_true, and either preds or probs")
    truth = [int(convert.to_step(each)) for each in convert.to_list(y_true, "y_true")]
    if preds is None:
        rows = [
            [convert.to_number(each, "probs") for each in convert.to_list(row, "a row of probs")]
            for row in convert.to_list(probs, "probs")
        ]
        result = [row.index(max(row)) for row in rows]
    else:
        result = [int(convert.to_step(each)) for each in convert.to_list(preds, "preds")]
    if len(truth) != len(result):
        raise ValueError(f"y_true must have {len(result)} items, not {len(truth)}")
    count = len(class_names) if class_names is not None else max(truth + result, default=0) + 1
    if count > 1000 or any(not 0 <= each < count for each in truth + result):
        raise ValueError(f"classes must be from 0 to {min(count, 1000) - 1}")
    matrix = [[0] * count for _ in range(count)]
    for true, guess in zip(truth, result):
        matrix[true][guess] += 1
    names = (
        [convert.to_label(name) for name in class_names]
        if class_names is not None
        else [str(at) for at in range(count)]
    )
    return Plot("heatmap", cell_values.heatmap(matrix, names, names, "truth", "predicted", None))


def roc_curve(*_: Any, **__: Any) -> Unsupported:
    """Has no cell here: it is left out and counted."""
    return Unsupported()


pr_curve = roc_curve
