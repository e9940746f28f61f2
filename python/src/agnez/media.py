"""Values among metrics: ``agnez.log({"loss": 0.3, "sample": agnez.Image(array)})``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from ._messages import warn_once
from ._value_methods import ValueMethods
from ._values import audio, cell_values, convert, images, video_frames


class Media:
    """A value among metrics that is no number."""

    def _show(self, target: ValueMethods[Any], name: str) -> None:
        raise NotImplementedError


class Image(Media):
    """A picture, as :meth:`agnez.Board.image` takes it, or a figure of Matplotlib.

    The picture is encoded when this object is made. ``mode`` is a mode of PIL (``L``, ``RGB``), to
    which the picture is converted if PIL is installed. ``file_type`` and further arguments of
    ``wandb.Image`` (boxes, masks, classes) are ignored.
    """

    def __init__(
        self,
        data: Any = None,
        mode: str | None = None,
        caption: str | None = None,
        *_: Any,
        vmin: float | None = None,
        vmax: float | None = None,
        **others: Any,
    ) -> None:
        data = others.pop("data_or_path", data)
        warn_ignored(
            "Image", others, ("grouping", "classes", "boxes", "masks", "file_type", "normalize")
        )
        if isinstance(data, Image):
            data, caption = data._data, caption if caption is not None else data._caption
        self._data: Any = (
            data if images.is_url(data) else images.encode_image(data, vmin=vmin, vmax=vmax)
        )
        if mode is not None and not images.is_url(data):
            self._data = images.convert_mode(self._data, mode)
        self._caption = caption

    def _show(self, target: ValueMethods[Any], name: str) -> None:
        target.image(name, self._data, caption=self._caption)


class Video(Media):
    """An animation: a path or the bytes of a file, an array of frames, or a list of frames.

    Arrays have the shape (T, C, H, W), as in ``wandb.Video``, (T, H, W, C) or (T, H, W); an array
    (N, T, C, H, W) shows N animations side by side. Frames become an animated PNG, whatever
    ``format`` says. A file that browsers do not show as a picture (mp4) is skipped with a warning.
    """

    def __init__(
        self,
        frames: Any = None,
        caption: str | None = None,
        fps: float | None = 10,
        format: str | None = None,
        **others: Any,
    ) -> None:
        del format
        frames = others.pop("data_or_path", frames)
        warn_ignored("Video", others, ())
        self._caption = caption
        is_file = isinstance(frames, (str, bytes, bytearray, os.PathLike))
        try:
            self._data: bytes | None = images.encode_animation(
                frames if is_file else video_frames.to_frames(frames), 10 if fps is None else fps
            )
        except ValueError:
            if not is_file:
                raise
            # The file is no picture.
            self._data = None

    def _show(self, target: ValueMethods[Any], name: str) -> None:
        if self._data is None:
            raise TypeError("the file is no picture that moves, as GIF, APNG, WebP and AVIF are")
        target.gif(name, self._data, caption=self._caption)


class Audio(Media):
    """Sound with a player: a path or the bytes of a file, or samples with their ``sample_rate``.

    Samples have the shape (N,) or (N, channels): floats from -1 to 1, or integers of 16 bits. The
    server takes 6.2 MB: 70 seconds of samples at 44.1 kHz.
    """

    def __init__(
        self,
        data: Any = None,
        sample_rate: int | None = None,
        caption: str | None = None,
        **others: Any,
    ) -> None:
        data = others.pop("data_or_path", data)
        warn_ignored("Audio", others, ())
        self._content, self._type = audio.encode(data, sample_rate)
        self._caption = caption

    def _show(self, target: ValueMethods[Any], name: str) -> None:
        caption = None if self._caption is None else convert.to_label(self._caption)
        target.html(name, audio.to_html(self._content, self._type, caption))


class Html(Media):
    """HTML in a frame of its own: a text, a path that ends in ``.html``, or an open file."""

    def __init__(self, data: Any, inject: bool = True, **others: Any) -> None:
        del inject
        warn_ignored("Html", others, ("data_is_not_path",))
        if hasattr(data, "read"):
            data = data.read()
        if isinstance(data, os.PathLike) or (
            isinstance(data, str) and data.endswith(".html") and "<" not in data
        ):
            with open(data, encoding="utf-8") as file:
                data = file.read()
        if isinstance(data, bytes):
            data = data.decode("utf-8", "replace")
        if not isinstance(data, str):
            raise TypeError(f"Html takes a string, not {type(data).__name__}")
        self._text = data

    def _show(self, target: ValueMethods[Any], name: str) -> None:
        target.html(name, self._text)


class Table(Media):
    """A table: ``Table(columns=["a", "b"], data=[[1, 2]])`` or ``Table(dataframe=frame)``."""

    def __init__(
        self,
        columns: Sequence[Any] | None = None,
        data: Any = None,
        rows: Any = None,
        dataframe: Any = None,
        **others: Any,
    ) -> None:
        warn_ignored("Table", others, ("dtype", "optional", "allow_mixed_types", "log_mode"))
        given: Any = next((one for one in (dataframe, data, rows) if one is not None), [])
        result = cell_values.table(given, columns)
        self.columns, self.data = result["columns"], result["rows"]

    def add_data(self, *row: Any) -> None:
        """Adds a row with one item for each column."""
        self.data.append(cell_values.table([list(row)], self.columns)["rows"][0])

    def add_column(self, name: Any, data: Any, optional: bool = False) -> None:
        """Adds a column with one item for each row."""
        del optional
        column = cell_values.table({name: data}, None)
        if self.columns and len(column["rows"]) != len(self.data):
            raise ValueError(
                f"the column {name!r} must have {len(self.data)} items, one for each row, "
                f"not {len(column['rows'])}"
            )
        before = self.data if self.columns else [[] for _ in column["rows"]]
        self.data = [row + item for row, item in zip(before, column["rows"])]
        self.columns = self.columns + column["columns"]

    def _show(self, target: ValueMethods[Any], name: str) -> None:
        target.table(name, self.data, columns=self.columns)


class Histogram(Media):
    """Raw values of any shape, or ``np_histogram=(counts, edges)`` of ``numpy.histogram``.

    ``num_bins``: how many bins the values get (1 to 1000); without it the server chooses.
    """

    def __init__(
        self, sequence: Any = None, np_histogram: Any = None, num_bins: int | None = None
    ) -> None:
        counts, edges = (None, None) if np_histogram is None else np_histogram
        bins = num_bins if np_histogram is None else None
        self._value = cell_values.histogram(sequence, counts, edges, bins=bins)

    def _show(self, target: ValueMethods[Any], name: str) -> None:
        target._show_value(name, {"type": "histogram", "value": self._value})


class Figure(Media):
    """A figure, as :meth:`agnez.Board.figure` takes it."""

    def __init__(self, figure: Any) -> None:
        self._figure = figure

    def _show(self, target: ValueMethods[Any], name: str) -> None:
        target.figure(name, self._figure)


class Plotly(Figure):
    """A figure of Plotly."""


class Unsupported(Media):
    """Stands for media without a cell here: takes any arguments; skipped and counted by ``log``."""

    def __init__(self, *_: Any, **__: Any) -> None:
        return

    def _show(self, target: ValueMethods[Any], name: str) -> None:
        raise TypeError(f"{type(self).__name__} has no cell here")


class Object3D(Unsupported):
    """3D objects have no cell here."""


class Molecule(Unsupported):
    """Molecules have no cell here."""


def warn_ignored(name: str, given: dict[str, Any], known: Sequence[str]) -> None:
    """Warns once about arguments without effect here; TypeError for an unknown argument."""
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise TypeError(f"{name} takes no argument {unknown[0]!r}")
    if given:
        ignored = ", ".join(sorted(given))
        warn_once(f"{name} {ignored}", f"agnez.{name} ignores {ignored}.")


class Chart(Media):
    """The result of a function of ``agnez.plot``: a cell's type and value."""

    def __init__(self, kind: str, value: Any, description: str | None = None) -> None:
        self._keys = {"type": kind, "value": value}
        if description is not None:
            self._keys["description"] = description

    def _show(self, target: ValueMethods[Any], name: str) -> None:
        target._show_value(name, dict(self._keys))


class Text(Media):
    """A text among metrics."""

    def __init__(self, text: str) -> None:
        self._text = text

    def _show(self, target: ValueMethods[Any], name: str) -> None:
        target.text(name, convert.to_utf8(self._text))
