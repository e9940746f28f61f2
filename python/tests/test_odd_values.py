# Tests pass wrong types on purpose, and use private attributes.
# mypy: disable-error-code="arg-type, assignment, dict-item, no-untyped-call"
"""Odd values in every call: none raises, each kind warns once, and the right document arrives."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import agnez
from agnez import _metrics
from server import Server

np = pytest.importorskip("numpy")
ml_dtypes = pytest.importorskip("ml_dtypes")


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


@dataclasses.dataclass
class Score:
    val: float
    train: float


Pair = collections.namedtuple("Pair", "left right")


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


@pytest.mark.parametrize("case", ODD)
def test_log_takes_whatever_a_metric_is(
    server: Server, board: Any, name: str, caplog: pytest.LogCaptureFixture, case: Any
) -> None:
    made, expected = ODD[case]
    for step in range(2):
        board.log({"before": 1, "m": made(), "after": 2}, step=step)
    board.log({"before": 3}, step=2)
    assert board.flush(60)
    assert (
        server.pairs(f"{name}-before", "before") == [(0, 1), (1, 1), (2, 3)]
        and len(server.pairs(f"{name}-after", "after")) == 2
    )
    found = arrived(server, name)
    odd = board._client.spool.dropped()["unsupported"]
    if expected is None:
        assert found == {} and odd == 2
        assert caplog.text.count("cannot be shown") == 1
    elif isinstance(expected, str):
        assert found == {"": expected} and not odd
    else:
        assert found == expected
        assert caplog.text.count("\n") <= 2


@pytest.mark.parametrize("case", ODD)
def test_a_line_takes_whatever_a_series_is(
    server: Server, board: Any, name: str, caplog: pytest.LogCaptureFixture, case: Any
) -> None:
    made, expected = ODD[case]
    line = board.line("l")
    for step in range(2):
        line.append({"before": 1, "m": made()}, step=step)
    assert board.flush(60)
    assert server.pairs(line.id, "before") == [(0, 1), (1, 1)]
    if isinstance(expected, dict) and list(expected) == [""]:
        assert server.pairs(line.id, "m")[0] == (0, expected[""])
    assert caplog.text.count("\n") <= 1


@pytest.mark.parametrize("case", ODD)
def test_a_table_and_a_config_take_whatever_an_item_is(
    server: Server, board: Any, name: str, case: Any
) -> None:
    made = ODD[case][0]
    board.table("t", [[made(), "beside"]], columns=["odd", "text"])
    board.table("d", [{"odd": made()}])
    with agnez.init(
        project=name, name="run", url=server.url, config={"odd": made(), "lr": 0.1}
    ) as run:
        run.config.odd = made()
        run.config.update(other=made())
    assert board.flush(60)
    cells = server.named(name)
    ((item, beside),) = cells["t"]["value"]["rows"]
    assert beside == "beside" and cells["d"]["value"] == {"columns": ["odd"], "rows": [[item]]}
    assert cells["config/run"]["value"]["rows"] == [["odd", item], ["lr", 0.1], ["other", item]]
    assert item is None or isinstance(item, (str, int, float, bool))


@pytest.mark.parametrize(
    ("value", "item"),
    [
        (np.int64(2**60 + 1), 2**60 + 1),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (10**30, str(10**30)),
        (decimal.Decimal("0.5"), 0.5),
        (decimal.Decimal("0.12345678901234567890123"), "0.12345678901234567890123"),
        (datetime.datetime(2020, 1, 2, 3), "2020-01-02 03:00:00"),
        (np.datetime64("2020-01-02", "ns"), "2020-01-02T00:00:00.000000000"),
        (datetime.timedelta(hours=1), "1:00:00"),
        (1 + 2j, "(1+2j)"),
        (Colour.RED, "Colour.RED"),
        (math.nan, "NaN"),
        (None, None),
        ([1, 2], "[1, 2]"),
        ("a\ud800", "a?"),
        (Broken(), "<Broken instance>"),
        (object(), "<object object>"),
    ],
)
def test_items_of_tables_keep_what_they_are(
    server: Server, board: Any, name: str, value: Any, item: Any
) -> None:
    board.table("t", [[value]])
    assert board.flush(60)
    assert server.named(name)["t"]["value"]["rows"] == [[item]]


NUMBERS = [
    None,
    True,
    decimal.Decimal("0.5"),
    np.float16(0.5),
    np.int64(2**60 + 1),
    math.nan,
    datetime.timedelta(seconds=2),
    np.datetime64("NaT"),
    10**400,
    Tensor(0.5),
]
SHOWN = [None, 1, 0.5, 0.5, 2**60 + 1, "NaN", 2, None, "Infinity", 0.5]


def test_numbers_of_every_kind_are_drawn(server: Server, board: Any, name: str) -> None:
    count = len(NUMBERS)
    board.bar("bar", NUMBERS)
    board.bar("dict", dict(enumerate(NUMBERS)))
    board.histogram("histogram", NUMBERS)
    board.heatmap("heatmap", [NUMBERS, NUMBERS])
    board.scatter("scatter", range(count), NUMBERS)
    board.number("number", np.float32(0.5), previous=decimal.Decimal("0.25"), trend=NUMBERS)
    assert board.flush(60)
    cells = {cell: document["value"] for cell, document in server.named(name).items()}
    assert (
        cells["bar"]["values"]
        == cells["dict"]["values"]
        == cells["histogram"]["values"]
        == cells["scatter"]["y"]
        == cells["number"]["trend"]
        == SHOWN
    )
    assert cells["dict"]["labels"] == [str(at) for at in range(count)] and cells["heatmap"][
        "values"
    ] == [SHOWN, SHOWN]
    assert (cells["number"]["value"], cells["number"]["previous"]) == (0.5, 0.25)


ENTRIES = {
    "bar": lambda board, odd, at: board.bar(f"b{at}", odd),
    "histogram": lambda board, odd, at: board.histogram(f"h{at}", odd),
    "scatter": lambda board, odd, at: board.scatter(f"s{at}", odd, odd),
    "heatmap": lambda board, odd, at: board.heatmap(f"m{at}", odd),
    "number": lambda board, odd, at: board.number(f"n{at}", odd),
    "table": lambda board, odd, at: board.table(f"t{at}", odd),
    "text": lambda board, odd, at: board.text(f"x{at}", odd),
    "html": lambda board, odd, at: board.html(f"p{at}", odd),
    "image": lambda board, odd, at: board.image(f"i{at}", odd),
    "gif": lambda board, odd, at: board.gif(f"g{at}", odd),
    "figure": lambda board, odd, at: board.figure(f"f{at}", odd),
    "step": lambda board, odd, at: board.log(loss=1, step=odd),
    "set": lambda board, odd, at: board.text(f"c{at}", "x").set(odd=odd, nested=[{"odd": odd}]),
    "note": lambda board, odd, at: board.text(f"c{at}", "x").set_description(odd),
    "caption": lambda board, odd, at: board.image(f"c{at}", [[0, 1]], caption=odd),
    "plot": lambda board, odd, at: board.subplots(1, 1, name=str(at))[0].plot(odd),
    "hist": lambda board, odd, at: board.subplots(1, 1, name=str(at))[0].hist(odd, bins=4),
}


@pytest.mark.parametrize("entry", ENTRIES)
def test_wrong_use_is_told_in_a_sentence_and_nothing_else_raises(
    server: Server, board: Any, name: str, entry: Any, caplog: pytest.LogCaptureFixture
) -> None:
    for at, (case, (made, _)) in enumerate(ODD.items()):
        try:
            ENTRIES[entry](board, made(), at)
        except (TypeError, ValueError, OSError) as error:
            if len(str(error)) <= 10 or "\n" in str(error):
                pytest.fail(f"{case}: {error!r} is no sentence")
    board.log(done=1)
    assert board.flush(60)
    assert server.pairs(f"{name}-done", "done")[0][1] == 1
    assert "refused" not in caplog.text


@pytest.mark.parametrize(
    ("key", "cell", "series"),
    [
        (3, "3", "3"),
        (math.nan, "nan", "nan"),
        (None, "None", "None"),
        ((1, 2), "(1, 2)", "(1, 2)"),
        ("a\nb", "a\\nb", "a\\nb"),
        ("a\x85b", "a\\x85b", "a\\x85b"),
        ("a\ud800", "a\\ud800", "a\\ud800"),
        ("", "(no name)", "(no name)"),
        ("/", "/", "/"),
        ("a/", "a/", "a/"),
        ("/a", "/a", "/a"),
        ("a//b", "a/", "b"),
        (Colour.RED, "Colour.RED", "Colour.RED"),
        (b"a", "b'a'", "b'a'"),
    ],
)
def test_every_key_has_a_name(
    server: Server, board: Any, name: str, key: Any, cell: Any, series: Any
) -> None:
    for step in range(2):
        board.log({key: 7, "other": 1}, step=step)
    assert board.flush(60)
    document = server.named(name)[cell]
    assert server.pairs(document["_id"], series) == [(0, 7), (1, 7)]


def test_long_keys_have_names_of_their_own(server: Server, board: Any, name: str) -> None:
    board.log({"x" * 300 + "a": 1, "x" * 300 + "b": 2, "y" * 190 + "/" + "z" * 300: 3}, step=0)
    assert board.flush(60)
    found = sorted(
        server.pairs(id, series)[0][1]
        for id, cell in server.cells(name).items()
        for series in cell["value"]["series"]
    )
    assert found == [1, 2, 3]


@pytest.mark.parametrize("run", [None, "adam"])
@pytest.mark.parametrize("together", [True, False])
def test_names_never_collide(
    server: Server,
    name: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    run: Any,
    together: Any,
) -> None:
    board = agnez.Board(name, url=server.url, run=run)
    metrics = {"loss/loss": 1, "loss": 2}
    for step in range(2):
        for part in [metrics] if together else [{"loss": 2}, {"loss/loss": 1}]:
            board.log(part, step=step)
    assert board.flush(60)
    (cell,) = server.cells(name).values()
    found = {series: server.pairs(cell["_id"], series) for series in cell["value"]["series"]}
    first, second = ("loss", "loss/loss") if run is None else ("adam", "adam/loss")
    assert found == {first: [(0, 2), (1, 2)], second: [(0, 1), (1, 1)]}


@pytest.mark.parametrize(
    "metrics",
    [{"a": {"b": 1}, "a/b": 2}, {3: 1, "3": 2}, {"a\n": 1, "a\\n": 2}, {1: 1, 1.5: 2, "1": 3}],
)
def test_two_metrics_of_one_name_are_two_lines_and_said_once(
    server: Server, board: Any, name: str, caplog: pytest.LogCaptureFixture, metrics: Any
) -> None:
    for step in range(3):
        board.log(metrics, step=step)
    assert board.flush(60)
    found = sorted(
        tuple(value for _, value in server.pairs(id, series))
        for id, cell in server.cells(name).items()
        for series in cell["value"]["series"]
    )
    assert found == [(value,) * 3 for value in range(1, len(metrics) + 1)]
    assert caplog.text.count("twice in one call") == 1


def test_a_name_that_is_given_twice_is_said(board: Any, caplog: pytest.LogCaptureFixture) -> None:
    board.log({"loss": 1}, loss=2)
    assert "twice in one call" in caplog.text


def test_kinds_of_cells_do_not_meet(server: Server, board: Any, name: str) -> None:
    board.log({"x": 1, "y": "text"}, step=0)
    board.log({"x": agnez.Image([[0, 1]]), "y": 2}, step=1)
    board.log({"x": 3, "y": "more"}, step=2)
    assert board.flush(60)
    cells = server.named(name)
    assert {cell: document["type"] for cell, document in cells.items()} == {
        "x": "line",
        "y": "text",
        "x (value)": "img",
        "y (line)": "line",
    }
    assert (
        server.pairs(cells["x"]["_id"], "x") == [(0, 1), (2, 3)] and cells["y"]["value"] == "more"
    )


def test_what_is_left_out_is_told_on_the_board_and_at_the_end(
    server: Server, board: Any, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    from server import eventually

    for step in range(3):
        board.log({"loss": step, "odd": object()}, step=step)
    assert board.flush(60)
    eventually(
        lambda: (
            server.named(name).get("agnez: not sent", {}).get("value")
            == "- 3 values left out: they cannot be shown"
        )
    )
    board.close(60)
    assert "Not sent: 3 values left out: they cannot be shown." in caplog.text


def test_a_picture_too_large_is_not_a_full_spool(
    server: Server, board: Any, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    board.image("large", np.random.default_rng(0).integers(0, 256, (2200, 2200, 3), dtype=np.uint8))
    board.log(loss=1)
    board.close(60)
    assert (
        "the spool was full" not in caplog.text
        and "1 pictures or values dropped: larger than the server takes" in caplog.text
    )


def test_a_log_call_without_metrics(server: Server, board: Any, name: str) -> None:
    board.log({})
    board.log({"loss": 1})
    assert board.flush(60) and server.pairs(f"{name}-loss", "loss") == [(1, 1)]


def test_the_limits_of_one_call(
    server: Server,
    board: Any,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(_metrics, "METRICS", 5)
    board.log({f"m{at}": at for at in range(9)}, step=0)
    board.log(picture=[object()] * 100, step=0)
    assert board.flush(60)
    assert (
        set(server.named(name)) == {"m0", "m1", "m2", "m3", "m4"}
        and "after 5 others" in caplog.text
    )


def test_sparse_arrays_are_not_written_out_without_a_bound() -> None:
    class Wide(Sparse):
        shape = (10**6, 10**6)

        def __init__(self) -> None:
            self.nnz = 1

        def toarray(self) -> None:
            raise MemoryError

    from agnez._values import convert

    with pytest.raises(TypeError):
        convert.to_list(Wide(), "it")


class Named:
    """A key that shows as some text, as others do."""

    def __init__(self, text: Any) -> None:
        self._text = text

    def __str__(self) -> Any:
        return self._text


def test_names_that_come_again_and_again_stay_apart(caplog: pytest.LogCaptureFixture) -> None:
    from agnez._values import convert

    many = _metrics.METRICS - 1
    found = _metrics.Metrics({Named("same"): float(at) for at in range(many)})
    assert list(found.numbers) == ["same", *(f"same ({at})" for at in range(2, many + 1))] and list(
        found.numbers.values()
    ) == list(map(float, range(many)))
    # As long as names may be: with its number each is cut.
    long = _metrics.Metrics({Named("x" * 200): float(at) for at in range(5)})
    assert sorted(long.numbers.values()) == [0, 1, 2, 3, 4] and all(
        len(name) <= 200 for name in long.numbers
    )
    taken = _metrics.Metrics({"a": 0.0, "a (2)": 1.0, Named("a"): 2.0, Named("a (2)"): 3.0})
    assert taken.numbers == {"a": 0, "a (2)": 1, "a (3)": 2, "a (2) (2)": 3}
    assert convert.unique_labels(["a"] * 20_000) == ["a", *(f"a ({at})" for at in range(2, 20_001))]
    assert convert.unique_labels(["a", "a (2)", "a", "a"]) == ["a", "a (2)", "a (3)", "a (4)"]


def test_a_config_may_be_whatever_a_dict_can_be_made_of(
    server: Server, name: str, tmp_path: Path
) -> None:
    pandas = pytest.importorskip("pandas")
    with agnez.Board(
        name, url=server.url, spool=str(tmp_path / "s"), config=pandas.Series({"lr": 0.5})
    ) as board:
        assert board.flush(60)
    assert server.named(name)["config"]["value"]["rows"] == [["lr", 0.5]]


def test_columns_of_tables_are_chosen_by_name_or_named_anew(
    server: Server, board: Any, name: str
) -> None:
    pandas = pytest.importorskip("pandas")
    whole = pandas.DataFrame({"a": [1], "b": [2]})
    for at, rows in enumerate((whole, {"a": [1], "b": [2]}, [{"a": 1, "b": 2}])):
        board.table(f"turned {at}", rows, columns=["b", "a"])
        board.table(f"one {at}", rows, columns=["b"])
    for at, rows in enumerate((whole, {"a": [1], "b": [2]})):
        board.table(f"renamed {at}", rows, columns=["a", "c"])
        for wrong in (["b", "c"], ["c"], ["a", "b", "c"]):
            with pytest.raises(ValueError, match="columns= must be some of a, b, or 2 new names"):
                board.table("wrong", rows, columns=wrong)
    board.table("texts", [{1: "x", 2: "y"}], columns=["2", "1"])
    board.table("places", pandas.DataFrame([[3, 4]]), columns=["1"])
    board.histogram("frame", whole)
    assert board.flush(60)
    cells = {cell: document["value"] for cell, document in server.named(name).items()}
    for at in range(3):
        assert cells[f"turned {at}"] == {"columns": ["b", "a"], "rows": [[2, 1]]}
        assert cells[f"one {at}"] == {"columns": ["b"], "rows": [[2]]}
    for at in range(2):
        assert cells[f"renamed {at}"] == {"columns": ["a", "c"], "rows": [[1, 2]]}
    assert cells["texts"] == {"columns": ["2", "1"], "rows": [["y", "x"]]}
    assert cells["places"] == {"columns": ["1"], "rows": [[4]]}
    assert cells["frame"] == {"values": [1, 2]}


def test_tables_of_frames(server: Server, board: Any, name: str) -> None:
    pandas = pytest.importorskip("pandas")
    board.table("index", frame())
    board.table("counted", pandas.DataFrame({"a": [1, 2], "b": [0.5, None]}))
    board.table(
        "levels",
        pandas.DataFrame(
            [[1, 2]],
            columns=pandas.MultiIndex.from_tuples([("a", "x"), ("a", "y")]),
            index=pandas.MultiIndex.from_tuples([("r", 1)], names=["k", None]),
        ),
    )
    board.table("twice", pandas.DataFrame([[1, 2]], columns=["a", "a"]))
    board.table("series", series())
    board.table("times", pandas.DataFrame({"t": pandas.to_datetime(["2020-01-02", None])}))
    board.table("keys", [{1: "a", 2: "b"}])
    board.table("mixed", [{1: "a", "1": "b"}, {math.nan: "c", 1: "d"}])
    board.table("columns", {1: [1], "1": [2]})
    board.table("chosen", [{1: "a", 2: "b"}], columns=[2])
    board.table("numpy", np.array([(1, 0.5)], dtype=[("n", "i8"), ("x", "f8")]))
    board.bar("bar", series())
    board.heatmap("heatmap", frame())
    assert board.flush(60)
    cells = {cell: document["value"] for cell, document in server.named(name).items()}
    assert cells["index"] == {
        "columns": ["index", "n", "x"],
        "rows": [["first", 2**60 + 1, 0.5], ["second", 3, "NaN"]],
    }
    assert cells["counted"] == {"columns": ["a", "b"], "rows": [[1, 0.5], [2, "NaN"]]}
    assert cells["levels"] == {
        "columns": ["k", "level 1", "a / x", "a / y"],
        "rows": [["r", 1, 1, 2]],
    }
    assert cells["twice"] == {"columns": ["a", "a (2)"], "rows": [[1, 2]]}
    assert cells["series"] == {"columns": ["index", "value"], "rows": [["cat", 1.5], ["dog", 2.5]]}
    assert cells["times"]["rows"] == [["2020-01-02 00:00:00"], [None]]
    assert cells["keys"] == {"columns": ["1", "2"], "rows": [["a", "b"]]}
    assert cells["mixed"] == {
        "columns": ["1", "1 (2)", "nan"],
        "rows": [["a", "b", None], ["d", None, "c"]],
    }
    assert cells["columns"] == {"columns": ["1", "1 (2)"], "rows": [[1, 2]]}
    assert cells["chosen"] == {"columns": ["2"], "rows": [["b"]]}
    assert cells["numpy"] == {"columns": ["n", "x"], "rows": [[1, 0.5]]}
    assert cells["bar"] == {"labels": ["cat", "dog"], "values": [1.5, 2.5]}
    assert cells["heatmap"] == {
        "values": [[2**60 + 1, 0.5], [3, "NaN"]],
        "rows": ["first", "second"],
        "columns": ["n", "x"],
    }


@pytest.mark.parametrize(
    "board_name",
    [
        "a",
        "A.b-c_9",
        "x" * 64,
        "a.",
        "-",
        "_",
        "",
        ".hidden",
        "..",
        "x" * 65,
        "a b",
        "ü",
        "a/b",
        "a\n",
    ],
)
def test_the_rule_for_boards_is_that_of_the_server(server: Server, board_name: Any) -> None:
    import urllib.error

    from agnez._values import names

    try:
        server.ask("/values", {"board": board_name, "name": "x"})
        is_taken = True
    except urllib.error.HTTPError:
        is_taken = False
    try:
        names.check_board_name(board_name)
        assert is_taken
    except ValueError:
        assert not is_taken
    assert names.check_board_name(names.to_board_name(board_name))
