"""DataFrames of pandas and polars, and structured arrays of numpy, as columns."""

from __future__ import annotations

from typing import Any

from .convert import unique_labels


def is_dataframe(value: Any) -> bool:
    """Whether the value has named columns: pandas, polars, or a structured array."""
    if isinstance(value, (dict, type)):
        return False
    if hasattr(value, "columns"):
        return hasattr(value, "iloc") or callable(getattr(value, "get_column", None))
    return (
        bool(getattr(getattr(value, "dtype", None), "names", None))
        and len(getattr(value, "shape", ())) == 1
    )


def is_series(value: Any) -> bool:
    """Whether the value is a pandas Series: one column with an index."""
    return (
        not isinstance(value, type)
        and hasattr(value, "iloc")
        and hasattr(value, "index")
        and not hasattr(value, "columns")
    )


def to_columns(frame: Any) -> dict[str, list[Any]] | None:
    """The columns of a DataFrame or a Series, each with its own type; None for other values.

    The index comes first, unless it counts from 0. Duplicate names are numbered.
    """
    if is_series(frame):
        title = frame.name if frame.name is not None else "value"
        return _prepend_index(frame, [title], [frame.tolist()])
    if not is_dataframe(frame):
        return None
    if hasattr(frame, "iloc"):
        titles = list(frame.columns)
        # By position: names may be equal. One by one: integers beside floats would become floats.
        return _prepend_index(
            frame, titles, [frame.iloc[:, at].tolist() for at in range(len(titles))]
        )
    if callable(getattr(frame, "get_column", None)):
        return dict(
            zip(
                unique_labels(list(frame.columns)),
                [frame.get_column(name).to_list() for name in frame.columns],
            )
        )
    return {name: list(frame[name]) for name in frame.dtype.names}


def row_labels(frame: Any) -> list[str] | None:
    """The labels of an index, all different; None if it counts from 0 or is missing."""
    index: Any = getattr(frame, "index", None)
    if not hasattr(frame, "iloc") or not hasattr(index, "tolist") or _is_default_index(index):
        return None
    return unique_labels([_join_levels(name) for name in index.tolist()])


def _is_default_index(index: Any) -> bool:
    return (
        type(index).__name__ == "RangeIndex"
        and index.name is None
        and index.start == 0
        and index.step == 1
    )


def to_value_columns(frame: Any) -> dict[str, list[Any]] | None:
    """As :func:`to_columns`, without the index."""
    found, names = to_columns(frame), row_labels(frame)
    if found is None or names is None:
        return found
    many = getattr(frame.index, "nlevels", 1)
    return dict(list(found.items())[many:])


def _prepend_index(frame: Any, titles: list[Any], lists: list[list[Any]]) -> dict[str, list[Any]]:
    index = frame.index
    if _is_default_index(index):
        return dict(zip(unique_labels([_join_levels(title) for title in titles]), lists))
    many = getattr(index, "nlevels", 1)
    levels = (
        [index.get_level_values(at).tolist() for at in range(many)]
        if many > 1
        else [index.tolist()]
    )
    names = [
        name if name is not None else "index" if many == 1 else f"level {at}"
        for at, name in enumerate(index.names)
    ]
    return dict(
        zip(unique_labels([_join_levels(title) for title in names + titles]), levels + lists)
    )


def _join_levels(title: Any) -> Any:
    """A label of several levels as one text."""
    return " / ".join(str(part) for part in title) if isinstance(title, tuple) else title
