"""Values that stand among metrics: ``agnez.log({"loss": 0.3, "sample": agnez.Image(array)})``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional, Sequence

from . import kinds, pictures

if TYPE_CHECKING:
    from .board import Board


class Media:
    """What stands among metrics and is no number."""

    def _show(self, board: "Board", name: str) -> None:
        raise NotImplementedError


class Image(Media):
    """A picture, as :meth:`agnez.Board.image` takes it. It is taken when this object is made."""

    def __init__(self, data: Any, *, caption: Optional[str] = None, vmin: Optional[float] = None, vmax: Optional[float] = None) -> None:
        is_address = isinstance(data, str) and data.startswith(("http://", "https://", "data:", "./images/"))
        if hasattr(data, "savefig"):
            import io

            out = io.BytesIO()
            data.savefig(out, format="png")
            data = out.getvalue()
        self._data: Any = data if is_address else pictures.picture(data, vmin=vmin, vmax=vmax)
        self._caption = caption

    def _show(self, board: "Board", name: str) -> None:
        board.image(name, self._data, caption=self._caption)


class Video(Media):
    """A moving picture, as :meth:`agnez.Board.gif` takes it."""

    def __init__(self, frames: Any, *, fps: float = 10, caption: Optional[str] = None) -> None:
        self._data = pictures.moving(frames, fps)
        self._caption = caption

    def _show(self, board: "Board", name: str) -> None:
        board.gif(name, self._data, caption=self._caption)


class Html(Media):
    """HTML in a frame of its own."""

    def __init__(self, text: str) -> None:
        if hasattr(text, "read"):
            text = text.read()
        if not isinstance(text, str):
            raise TypeError(f"Html takes a string, not {type(text).__name__}")
        self._text = text

    def _show(self, board: "Board", name: str) -> None:
        board.html(name, self._text)


class Table(Media):
    """A table: ``Table(columns=["a", "b"], data=[[1, 2]])``, ``Table(dataframe=frame)``; :meth:`add_data` adds a row."""

    def __init__(self, columns: Optional[Sequence[str]] = None, data: Any = None, *, dataframe: Any = None) -> None:
        told = kinds.table([] if data is None and dataframe is None else dataframe if data is None else data, columns)
        self.columns, self.data = told["columns"], told["rows"]

    def add_data(self, *row: Any) -> None:
        """A row with one item for each column."""
        self.data.append(kinds.table([list(row)], self.columns)["rows"][0])

    def _show(self, board: "Board", name: str) -> None:
        board.table(name, self.data, columns=self.columns)


class Histogram(Media):
    """Raw values of any shape, or ``np_histogram=(counts, edges)`` as ``numpy.histogram`` gives them."""

    def __init__(self, sequence: Any = None, *, np_histogram: Any = None) -> None:
        counts, edges = (None, None) if np_histogram is None else np_histogram
        self._value = kinds.histogram(sequence, counts, edges, None, None, None)

    def _show(self, board: "Board", name: str) -> None:
        board._set(name, "histogram", self._value)
