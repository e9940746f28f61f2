"""The functions of ``wandb.plot``, as cells: ``agnez.log({"roc": agnez.plot.bar(...)})``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ._values import cell_values, convert, curves, json_types
from .media import Chart, Table

#: Classes of a confusion matrix.
_MAX_CLASSES = 1000


def _column(table: Table, name: Any) -> list[Any]:
    title = convert.to_label(name)
    if not isinstance(table, Table) or title not in table.columns:
        raise ValueError(f"the plot needs an agnez.Table with the column {title!r}")
    return [row[table.columns.index(title)] for row in table.data]


def bar(
    table: Table, label: Any, value: Any, title: Any = None, split_table: bool = False
) -> Chart:
    """Bars: the height is in the column ``value``, the name in the column ``label``."""
    del title, split_table
    heights, labels = _column(table, value), _column(table, label)
    titles = cell_values.axis_titles(label, value)
    return Chart("bar", {**cell_values.bar(heights, labels, None, None), **titles})


def scatter(table: Table, x: Any, y: Any, title: Any = None, split_table: bool = False) -> Chart:
    """A point for each row, from two columns."""
    del title, split_table
    points = cell_values.scatter(_column(table, x), _column(table, y), None)
    if isinstance(points, dict):
        points.update(cell_values.axis_titles(x, y))
    return Chart("scatter", points)


def histogram(table: Table, value: Any, title: Any = None, split_table: bool = False) -> Chart:
    """The distribution of a column."""
    del title, split_table
    titles = cell_values.axis_titles(value, None)
    return Chart("histogram", {**cell_values.histogram(_column(table, value)), **titles})


def line(
    table: Table,
    x: Any,
    y: Any,
    stroke: Any = None,
    title: Any = None,
    split_table: bool = False,
) -> Chart:
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
) -> Chart:
    """Several lines: ``xs`` is one list of steps for all lines, or a list for each."""
    del title, xname, split_table
    y = [convert.to_list(each, "an item of ys") for each in convert.to_list(ys, "ys")]
    steps = convert.to_list(xs, "xs")
    if steps and hasattr(steps[0], "__iter__"):
        x = [convert.to_list(each, "an item of xs") for each in steps]
    else:
        x = [steps] * len(y)
    given = list(keys) if keys is not None else [f"line {at}" for at in range(len(y))]
    names = convert.unique_labels(given)
    if len(x) != len(y) or len(names) != len(y):
        raise ValueError(
            f"xs, ys and keys must have the same length, not {len(x)}, {len(y)}, {len(names)}"
        )
    return _lines({name: each for name, *each in zip(names, x, y)})


def _lines(lines: dict[str, Any], **titles: str) -> Chart:
    """Lines by their names. ``titles``: those of the axes ``x`` and ``y``."""
    series: dict[str, Any] = {}
    for name, (x, y) in lines.items():
        if len(x) != len(y):
            raise ValueError(f"the line {name!r} has {len(x)} steps and {len(y)} values")
        series[name] = {
            "x": [convert.to_step(each) for each in x],
            "y": json_types.to_json_numbers(y, "a line"),
        }
    chart = Chart("line", {"series": series})
    if titles:
        chart._keys["chart"] = {f"{axis}_label": title for axis, title in titles.items()}
    return chart


def confusion_matrix(
    probs: Any = None,
    y_true: Any = None,
    preds: Any = None,
    class_names: Sequence[Any] | None = None,
    title: Any = None,
    split_table: bool = False,
) -> Chart:
    """How often each class was predicted as each other class.

    Classes are indices; the predictions are ``preds``, or the likeliest of ``probs`` (N, classes).
    """
    del title, split_table
    if (probs is None) == (preds is None) or y_true is None:
        raise ValueError("confusion_matrix takes y_true, and either preds or probs")
    truth = [int(convert.to_step(each)) for each in convert.to_list(y_true, "y_true")]
    if preds is None:
        rows = [
            [convert.to_number(each, "probs") for each in convert.to_list(row, "a row of probs")]
            for row in convert.to_list(probs, "probs")
        ]
        predicted = [row.index(max(row)) for row in rows]
    else:
        predicted = [int(convert.to_step(each)) for each in convert.to_list(preds, "preds")]
    if len(truth) != len(predicted):
        raise ValueError(f"y_true must have {len(predicted)} items, not {len(truth)}")
    count = len(class_names) if class_names is not None else max(truth + predicted, default=0) + 1
    if count > _MAX_CLASSES or any(not 0 <= each < count for each in truth + predicted):
        raise ValueError(f"classes must be from 0 to {min(count, _MAX_CLASSES) - 1}")
    matrix = [[0] * count for _ in range(count)]
    for row, column in zip(truth, predicted):
        matrix[row][column] += 1
    names = [convert.to_label(name) for name in (class_names or range(count))]
    return Chart("heatmap", cell_values.heatmap(matrix, names, names, "truth", "predicted", None))


def roc_curve(
    y_true: Any = None,
    y_probas: Any = None,
    labels: Sequence[Any] | None = None,
    classes_to_plot: Sequence[Any] | None = None,
    title: Any = None,
    split_table: bool = False,
) -> Chart:
    """The true positive rate over the false positive rate, a line for each class.

    ``y_true``: classes as indices; ``y_probas``: (N, classes). A class is compared with all others.
    """
    del title, split_table
    lines = {
        name: curves.roc(scores, truth)
        for name, scores, truth in _classes(y_true, y_probas, labels, classes_to_plot)
    }
    return _lines(lines, x="False positive rate", y="True positive rate")


def pr_curve(
    y_true: Any = None,
    y_probas: Any = None,
    labels: Sequence[Any] | None = None,
    classes_to_plot: Sequence[Any] | None = None,
    interp_size: Any = None,
    title: Any = None,
    split_table: bool = False,
) -> Chart:
    """The precision over the recall, a line for each class, as :func:`roc_curve`."""
    del interp_size, title, split_table
    lines = {
        name: curves.precision_recall(scores, truth)
        for name, scores, truth in _classes(y_true, y_probas, labels, classes_to_plot)
    }
    return _lines(lines, x="Recall", y="Precision")


def _classes(
    y_true: Any, y_probas: Any, labels: Sequence[Any] | None, chosen: Sequence[Any] | None
) -> list[tuple[str, list[float], list[bool]]]:
    """The name, the scores and the membership of each class that is shown.

    A class without members, or without any other item, has no curve.
    """
    truth = [convert.to_step(each) for each in convert.to_list(y_true, "y_true")]
    rows = [
        [convert.to_number(each, "y_probas") for each in convert.to_list(row, "a row of y_probas")]
        for row in convert.to_list(y_probas, "y_probas")
    ]
    if len(truth) != len(rows) or not rows or len({len(row) for row in rows}) > 1:
        raise ValueError(f"y_probas must have {len(truth)} rows of one length")
    count = len(rows[0])
    names = convert.unique_labels(list(labels) if labels is not None else list(range(count)))
    if len(names) != count or count > _MAX_CLASSES:
        raise ValueError(f"labels must have {min(count, _MAX_CLASSES)} items, not {len(names)}")
    indices = range(count) if chosen is None else [int(convert.to_step(one)) for one in chosen]
    if any(not 0 <= index < count for index in indices):
        raise ValueError(f"classes_to_plot must be from 0 to {count - 1}")
    return [
        (names[index], [row[index] for row in rows], [each == index for each in truth])
        for index in indices
        if 0 < truth.count(index) < len(truth)
    ]
