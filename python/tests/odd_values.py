# Tests pass wrong types on purpose, and use private attributes.
# mypy: disable-error-code="arg-type, assignment, dict-item, name-defined"
"""Values that scripts log by mistake or by habit, and what each becomes as a metric."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import math
from collections.abc import Iterator
from typing import Any

import pytest

import agnez
from server import Server

np = pytest.importorskip("numpy")
ml_dtypes = pytest.importorskip("ml_dtypes")

Pair = collections.namedtuple("Pair", "left right")


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


@dataclasses.dataclass
class Score:
    val: float
    train: float


class Tensor:
    """As torch's: needs ``detach`` and ``cpu``, and is converted by no other way."""

    def __init__(self, values: Any) -> None:
        self._values = np.asarray(values)
        self.shape = self._values.shape
        self.is_sparse = False

    def detach(self) -> Any:
        return self

    cpu = detach

    def float(self) -> Any:
        return self

    def tolist(self) -> Any:
        return self._values.tolist()

    def item(self) -> Any:
        return self._values.item()

    def __float__(self) -> None:
        raise RuntimeError("Can't call numpy() on Tensor that requires grad")

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self._values if dtype is None else self._values.astype(dtype)


class Lost(Tensor):
    """A tensor whose device was removed."""

    def item(self) -> None:
        raise RuntimeError("CUDA error: device-side assert triggered")

    detach = cpu = tolist = item

    def __array__(self, dtype: Any = None, copy: Any = None) -> None:
        raise RuntimeError("CUDA error: device-side assert triggered")


class Eager:
    """As tensorflow's."""

    def __init__(self, values: Any) -> None:
        self._values = np.asarray(values)
        self.shape = self._values.shape

    def numpy(self) -> Any:
        return self._values

    def __float__(self) -> Any:
        return float(self._values)


class Sparse:
    """As scipy's."""

    def __init__(self, values: Any) -> None:
        self._values = np.asarray(values)
        self.shape = self._values.shape
        self.nnz = 1

    def toarray(self) -> Any:
        return self._values


class Broken:
    """Every attribute and method raises."""

    def _no(self, *_: Any) -> None:
        raise RuntimeError("no")

    __str__ = __repr__ = __float__ = __array__ = __iter__ = __len__ = __bool__ = item = tolist = _no
    shape = ()


class Hostile:
    """Even its attributes raise."""

    def __getattr__(self, name: str) -> None:
        raise RuntimeError("no")


def generated() -> Iterator[Any]:
    yield 1


def cyclic() -> Any:
    values = {"a": 1}
    values["self"] = values
    return values


def cyclic_list() -> Any:
    values = [1, 2]
    values.append(values)
    return values


def deep(depth: Any) -> Any:
    values = {"end": 1}
    for _ in range(depth):
        values = {"d": values}
    return values


def frame() -> Any:
    pandas = pytest.importorskip("pandas")
    return pandas.DataFrame({"n": [2**60 + 1, 3], "x": [0.5, math.nan]}, index=["first", "second"])


def series() -> Any:
    return pytest.importorskip("pandas").Series([1.5, 2.5], index=["cat", "dog"])


def jax_array(values: Any) -> Any:
    return pytest.importorskip("jax.numpy").asarray(values)


#: What each value becomes as the metric "m": points by the rest of the metric's name, the type of
#: the cell "m", or None.
ODD = {
    "none": (lambda: None, {}),
    "true": (lambda: True, {"": 1}),
    "numpy bool": (lambda: np.bool_(True), {"": 1}),
    "text": (lambda: "high", "text"),
    "empty text": (lambda: "", "text"),
    "half a character": (lambda: "a\ud800b", "text"),
    "bytes": (lambda: b"1", None),
    "bytearray": (lambda: bytearray(b"12"), None),
    "memoryview": (lambda: memoryview(b"12"), None),
    "decimal": (lambda: decimal.Decimal("0.25"), {"": 0.25}),
    "large decimal": (lambda: decimal.Decimal("1e400"), {"": math.inf}),
    "signalling decimal": (lambda: decimal.Decimal("sNaN"), None),
    "fraction": (lambda: fractions.Fraction(1, 4), {"": 0.25}),
    "complex": (lambda: 1 + 2j, {"/real": 1, "/imag": 2}),
    "numpy complex": (lambda: np.complex64(1 + 2j), {"/real": 1, "/imag": 2}),
    "enum": (lambda: Colour.RED, None),
    "int enum": (lambda: Level.HIGH, {"": 3}),
    "datetime": (lambda: datetime.datetime(2020, 1, 1), None),
    "date": (lambda: datetime.date(2020, 1, 1), None),
    "timedelta": (lambda: datetime.timedelta(minutes=1), {"": 60}),
    "datetime64": (lambda: np.datetime64("2020-01-01", "ns"), None),
    "timedelta64": (lambda: np.timedelta64(1500, "ms"), {"": 1.5}),
    "NaT": (lambda: np.datetime64("NaT"), {}),
    "float16": (lambda: np.float16(0.5), {"": 0.5}),
    "bfloat16": (lambda: ml_dtypes.bfloat16(0.5), {"": 0.5}),
    "longdouble": (lambda: np.longdouble(0.5), {"": 0.5}),
    "0-d": (lambda: np.array(0.5), {"": 0.5}),
    "0-d object": (lambda: np.array(decimal.Decimal("0.5"), dtype=object), {"": 0.5}),
    "one item": (lambda: np.array([[0.5]]), {"": 0.5}),
    "list of one": (lambda: [0.5], {"": 0.5}),
    "masked": (lambda: np.ma.masked, {}),
    "masked array": (lambda: np.ma.array([1.0, 2.0], mask=[False, True]), {"/0": 1}),
    "array": (lambda: np.array([0.25, 0.5]), {"/0": 0.25, "/1": 0.5}),
    "bfloat16 array": (
        lambda: np.array([0.25, 0.5], dtype=ml_dtypes.bfloat16),
        {"/0": 0.25, "/1": 0.5},
    ),
    "matrix": (lambda: np.array([[1, 2]]), {"/0/0": 1, "/0/1": 2}),
    "many values": (lambda: np.arange(100.0), "histogram"),
    "many values in lists": (lambda: [[float(at)] * 10 for at in range(10)], "histogram"),
    "empty array": (lambda: np.array([]), {}),
    "empty list": (list, {}),
    "object array": (lambda: np.array([1, None, 2], dtype=object), {"/0": 1, "/2": 2}),
    "ragged": (lambda: [[1, 2], [3]], {"/0/0": 1, "/0/1": 2, "/1": 3}),
    "tuple": (lambda: (1, 2), {"/0": 1, "/1": 2}),
    "range": (lambda: range(2), {"/0": 0, "/1": 1}),
    "pair": (lambda: Pair(1, 2), {"/left": 1, "/right": 2}),
    "dataclass": (lambda: Score(0.5, 0.25), {"/val": 0.5, "/train": 0.25}),
    "dict": (
        lambda: {"a": 1, 2: 3, math.nan: 4, None: 5},
        {"/a": 1, "/2": 3, "/nan": 4, "/None": 5},
    ),
    "mapping": (lambda: collections.ChainMap({"a": 1}), {"/a": 1}),
    "cyclic dict": (cyclic, {"/a": 1}),
    "cyclic list": (cyclic_list, {"/0": 1, "/1": 2}),
    "deep dict": (lambda: deep(5000), {}),
    "generator": (generated, None),
    "set": (lambda: {1, 2}, None),
    "huge": (lambda: 10**400, {"": math.inf}),
    "hugest": (lambda: -(10**5000), {"": -math.inf}),
    "huge fraction": (lambda: fractions.Fraction(10**400), {"": math.inf}),
    "tensor": (lambda: Tensor(0.5), {"": 0.5}),
    "tensor of several": (lambda: Tensor([0.5, 0.25]), {"/0": 0.5, "/1": 0.25}),
    "lost tensor": (lambda: Lost(0.5), None),
    "lost tensor of several": (lambda: Lost([0.5, 0.25]), None),
    "many of a tensor": (lambda: Tensor(np.zeros(1000)), "histogram"),
    "eager": (lambda: Eager(0.5), {"": 0.5}),
    "eager of several": (lambda: Eager([0.5, 0.25]), {"/0": 0.5, "/1": 0.25}),
    "jax": (lambda: jax_array(0.5), {"": 0.5}),
    "jax of several": (lambda: jax_array([0.5, 0.25]), {"/0": 0.5, "/1": 0.25}),
    "jax bfloat16": (lambda: jax_array(np.array(0.5, dtype=ml_dtypes.bfloat16)), {"": 0.5}),
    "sparse": (lambda: Sparse([[0.0, 1.0]]), {"/0/0": 0, "/0/1": 1}),
    "frame": (frame, "table"),
    "series": (series, {"/cat": 1.5, "/dog": 2.5}),
    "missing": (lambda: pytest.importorskip("pandas").NA, {}),
    "no time": (lambda: pytest.importorskip("pandas").NaT, {}),
    "categorical": (lambda: pytest.importorskip("pandas").Categorical(["a", "b"]), "text"),
    "polars frame": (lambda: pytest.importorskip("polars").DataFrame({"a": [1]}), "table"),
    "polars series": (
        lambda: pytest.importorskip("polars").Series([1.5, 2.5]),
        {"/0": 1.5, "/1": 2.5},
    ),
    "class": (lambda: float, None),
    "function": (lambda: len, None),
    "object": (object, None),
    "broken": (Broken, None),
    "hostile": (Hostile, None),
    "texts": (lambda: ["a", "b"], "text"),
    "pictures": (
        lambda: [agnez.Image([[0, 1]]), agnez.Image([[1, 0]])],
        {"/0": "img", "/1": "img"},
    ),
}


def arrived(server: Server, name: str, metric: Any = "m") -> Any:
    """A metric's points as {rest of its name: value}, or the type of its cell."""
    found = {}
    for id, cell in server.cells(name).items():
        if not cell["name"].startswith(metric):
            continue
        if cell["type"] != "line":
            found[cell["name"][len(metric) :]] = cell["type"]
            continue
        for series in cell["value"]["series"]:
            whole = series if series == cell["name"] else f"{cell['name']}/{series}"
            found[whole[len(metric) :]] = server.pairs(id, series)[0][1]
    return found
