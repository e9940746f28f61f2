# Tests pass wrong types on purpose, and use private attributes.
# mypy: disable-error-code="assignment, attr-defined"
"""Pictures: what is sent is what a decoder that is not ours sees."""

from __future__ import annotations

import base64
import io
import math
import zlib
from pathlib import Path
from typing import Any

import pytest

import agnez
from agnez._values import images, png
from server import Server

np = pytest.importorskip("numpy")
PIL = pytest.importorskip("PIL.Image")


def opened(document: Any) -> Any:
    head, data = document["value"].split(",", 1)
    assert document["type"] == "img" and head == "data:image/png;base64"
    return PIL.open(io.BytesIO(base64.b64decode(data)))


def seen(data: Any, **named: Any) -> Any:
    return np.asarray(PIL.open(io.BytesIO(images.encode_image(data, **named))))


def test_an_image_reaches_the_board(server: Server, board: Any, name: str, tmp_path: Path) -> None:
    array = np.random.default_rng(0).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    kept = array.copy()
    cell = board.image("array", array, caption="epoch 3")
    array[:] = 0
    PIL.fromarray(kept).save(tmp_path / "file.png")
    board.image("path", tmp_path / "file.png")
    board.image("pil", PIL.fromarray(kept).convert("CMYK").convert("RGB"))
    board.image("address", "./images/loss.gif")
    assert board.flush(60)
    document = server.cell(cell.id)
    assert (np.asarray(opened(document)) == kept).all() and document["description"] == "epoch 3"
    assert (np.asarray(opened(server.cell(f"{name}-path"))) == kept).all()
    assert opened(server.cell(f"{name}-pil")).size == (300, 200)
    assert server.cell(f"{name}-address")["value"] == "./images/loss.gif"


@pytest.mark.parametrize(
    ("shape", "mode"),
    [((4, 5), "L"), ((4, 5, 1), "L"), ((4, 5, 2), "LA"), ((4, 5, 3), "RGB"), ((4, 5, 4), "RGBA")],
)
def test_shapes(shape: Any, mode: Any) -> None:
    array = np.arange(math.prod(shape), dtype=np.uint8).reshape(shape)
    picture = PIL.open(io.BytesIO(images.encode_image(array)))
    assert (picture.mode, picture.size) == (mode, (5, 4))
    assert (np.asarray(picture).reshape(shape) == array).all()


def test_many_are_a_grid() -> None:
    many = np.zeros((5, 4, 6, 3), np.uint8)
    many[4] = 9
    grid = seen(many)
    assert grid.shape == (2 * 5 - 1, 3 * 7 - 1, 3)
    assert (grid[5:9, 7:13] == 9).all() and (grid[4] == 255).all() and (grid[:4, :6] == 0).all()
    assert seen(np.zeros((10, 4, 6))).shape == (3 * 5 - 1, 4 * 7 - 1)


def test_ranges() -> None:
    assert seen(np.array([[0.0, 0.5, 1.0]])).tolist() == [[0, 128, 255]]
    assert seen(np.array([[-1.0, 0.0, 3.0]])).tolist() == [[0, 64, 255]]
    assert seen(np.array([[0, 10, 255]])).tolist() == [[0, 10, 255]]
    assert seen(np.array([[True, False]])).tolist() == [[255, 0]]
    assert seen(np.array([[0.0, math.nan, 1.0, math.inf, -math.inf]])).tolist() == [
        [0, 0, 255, 255, 0]
    ]
    assert seen(np.array([[0.0, 5.0, 20.0]]), vmin=0, vmax=10).tolist() == [[0, 128, 255]]
    assert seen(np.array([[7, 7]], np.int64) * 1000).tolist() == [[0, 0]]


def test_lists_without_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(images.sys.modules, "numpy", None)
    monkeypatch.delitem(images.sys.modules, "numpy")
    for data in (
        [[0.0, 0.5], [1.0, 0.25]],
        [[0, 255], [7, 9]],
        [[[1, 2, 3], [4, 5, 6]]],
        [[0.0, math.nan]],
    ):
        bare = PIL.open(io.BytesIO(images.encode_image(data)))
        monkeypatch.setitem(images.sys.modules, "numpy", np)
        assert (np.asarray(bare) == seen(data)).all()
        monkeypatch.delitem(images.sys.modules, "numpy")
    monkeypatch.setitem(images.sys.modules, "numpy", np)


def test_wrong_pictures() -> None:
    for wrong in (
        np.zeros(3),
        np.zeros((0, 3)),
        np.zeros((2, 2, 2, 2, 2)),
        np.zeros((1, 2, 3, 7)),
        [[1, 2], [1]],
        "no file",
        3,
    ):
        with pytest.raises((ValueError, TypeError, OSError)):
            images.encode_image(wrong)
    with pytest.raises(ValueError, match="same size"):
        images.encode_animation([np.zeros((2, 2)), np.zeros((2, 3))], 10)
    with pytest.raises(ValueError, match="fps"):
        images.encode_animation([np.zeros((2, 2))], 0)


def test_moving_pictures(server: Server, board: Any, name: str) -> None:
    frames = np.random.default_rng(1).integers(0, 256, (7, 20, 30, 3), dtype=np.uint8)
    board.gif("film", frames, fps=4)
    board.gif("pil", [PIL.fromarray(frame) for frame in frames[:2]])
    assert board.flush(60)
    film = opened(server.cell(f"{name}-film"))
    assert (film.n_frames, film.info["duration"]) == (7, 250)
    for at in range(7):
        film.seek(at)
        assert (np.asarray(film.convert("RGB")) == frames[at]).all()
    assert opened(server.cell(f"{name}-pil")).n_frames == 2


def test_a_gif_file_stays_one(server: Server, board: Any, name: str, tmp_path: Path) -> None:
    PIL.new("RGB", (3, 2)).save(tmp_path / "a.gif")
    board.gif("gif", str(tmp_path / "a.gif"))
    assert board.flush(60)
    assert server.cell(f"{name}-gif")["value"].startswith("data:image/gif;base64,")


def test_png_checksums() -> None:
    data = png.encode_png(png.Pixels(1, 1, 1, b"\x07"))
    at = 8
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        assert int.from_bytes(data[at + 8 + length : at + 12 + length], "big") == zlib.crc32(
            data[at + 4 : at + 8 + length]
        )
        at += 12 + length
    assert at == len(data)


def test_figures(server: Server, board: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    pytest.importorskip("mpld3")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots()
    axes.plot([1, 2, 3])
    board.figure("mpld3", figure)
    board.figure("axes", axes)
    monkeypatch.setitem(images.sys.modules, "mpld3", None)
    board.figure("svg", figure)
    pyplot.close(figure)

    class Plotly:
        def to_plotly_json(self) -> Any:
            return {}

        def to_html(self, include_plotlyjs: Any, full_html: Any) -> Any:
            return f"<p>{include_plotlyjs} {full_html}</p>"

    board.figure("plotly", Plotly())
    assert board.flush(60)
    of = {id.split("-")[1]: cell["value"] for id, cell in server.cells(name).items()}
    assert (
        "mpld3" in of["mpld3"]
        and "mpld3" in of["axes"]
        and "<svg" in of["svg"]
        and of["plotly"] == "<p>True True</p>"
    )


def test_media_among_metrics(server: Server, board: Any, name: str) -> None:
    board.log(
        {
            "loss": 1,
            "sample": agnez.Image(np.zeros((2, 2)), caption="c"),
            "film": agnez.Video(np.zeros((2, 2, 2))),
            "page": agnez.Html("<i>x</i>"),
        },
        step=5,
    )
    board.log(
        {
            "weights": agnez.Histogram([1, 2]),
            "bins": agnez.Histogram(np_histogram=np.histogram([1, 2, 3], bins=2)),
            "rows": agnez.Table(columns=["a"], data=[[1]]),
        },
        step=6,
    )
    assert board.flush(60)
    types = {cell["name"]: cell["type"] for cell in server.cells(name).values()}
    assert types == {
        "loss": "line",
        "sample": "img",
        "film": "img",
        "page": "html",
        "weights": "histogram",
        "bins": "histogram",
        "rows": "table",
    }
    assert server.cell(f"{name}-bins")["value"] == {"counts": [1, 2], "edges": [1, 2, 3]}
    assert [point[:2] for point in server.points(f"{name}-loss", "loss")] == [(5, 1)]


def test_colours_a_hair_above_one_are_colours() -> None:
    for high in (1.0, 1 + 1e-7, 1.00001, 1.05):
        picture = np.full((4, 5, 3), 0.5)
        picture[0, 0] = high
        picture[1, 1] = 0
        assert (
            seen(picture)[2, 2].tolist() == [128] * 3 and seen(picture)[0, 0].tolist() == [255] * 3
        )
        assert (seen(picture.astype(np.float32)) == seen(picture)).all()
        assert images.to_pixels(picture.tolist()) == images.to_pixels(picture)
    under = np.full((4, 5, 3), 0.5)
    under[0, 0] = -0.01
    assert seen(under)[2, 2].tolist() == [128] * 3
    assert seen(np.array([[0.5, 1.0001]])).tolist() == [[128, 255]]
    assert seen(np.array([[[0.0, 1.5, 3.0]] * 5] * 5))[0, 0].tolist() == [0, 128, 255]
    assert seen(np.array([[[0.0, 2.0, 3.0]] * 5] * 5))[0, 0].tolist() == [0, 2, 3]


def frames_of(film: Any) -> Any:
    file = PIL.open(io.BytesIO(film))
    shown = []
    for at in range(file.n_frames):
        file.seek(at)
        shown.append(np.asarray(file.convert("L")).tolist())
    return shown


@pytest.mark.parametrize("as_list", [True, False])
def test_all_frames_of_a_film_have_one_scale(as_list: Any) -> None:
    levels = [0.9, 1.0, 1.1, 2.0]
    film = np.stack([np.array([[0.0, level]]) for level in levels])
    assert frames_of(images.encode_animation(list(film) if as_list else film, 10)) == [
        [[0, round(255 * level / 2)]] for level in levels
    ]
    single = np.stack([np.full((2, 2), level) for level in (1.0, 2.0, 3.0)])
    assert [frame[0][0] for frame in frames_of(images.encode_animation(single, 10))] == [
        0,
        128,
        255,
    ]
    grey = np.stack([np.full((2, 2), level) for level in (0.25, 0.5)])
    assert [frame[0][0] for frame in frames_of(images.encode_animation(grey, 10))] == [64, 128]
    mixed = [np.full((2, 2), 7, np.uint8), np.full((2, 2), 0.5)]
    assert [frame[0][0] for frame in frames_of(images.encode_animation(mixed, 10))] == [7, 128]


def test_films_have_a_bound() -> None:
    import itertools

    with pytest.raises(ValueError, match="at most 5000 frames"):
        images.encode_animation(itertools.repeat(np.zeros((2, 2))), 10)
    with pytest.raises(TypeError, match="frames must be"):
        images.encode_animation(3, 10)


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((64, 3, 3), (8 * 4 - 1, 8 * 4 - 1)),
        ((9, 4, 4), (3 * 5 - 1, 3 * 5 - 1)),
        ((16, 2, 2), (4 * 3 - 1, 4 * 3 - 1)),
        ((2, 3, 3), (2 * 4 - 1, 3)),
        ((3, 3, 3), (3, 3)),
        ((64, 5, 3), (5, 64)),
        ((5, 4, 3), (4, 5)),
        ((64, 3, 3, 3), (8 * 4 - 1, 8 * 4 - 1)),
        ((6, 7, 7), (3 * 8 - 1, 2 * 8 - 1)),
        ((64, 1, 1), (1, 64)),
    ],
)
def test_which_shapes_are_grids(shape: Any, size: Any) -> None:
    array = np.zeros(shape, np.uint8)
    assert PIL.open(io.BytesIO(images.encode_image(array))).size == size


class Tensor:
    """As torch's."""

    def __init__(self, array: Any) -> None:
        self.array, self.shape = array, array.shape

    def detach(self) -> Any:
        return self

    cpu = detach
    permute = None

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self.array


Tensor.permute = lambda self, *axes: Tensor(self.array.transpose(axes))


def test_tensors_of_torch_may_have_their_colours_first() -> None:
    colours = np.random.default_rng(0).integers(0, 256, (3, 8, 9), dtype=np.uint8)
    assert (seen(Tensor(colours)) == colours.transpose(1, 2, 0)).all()
    assert seen(Tensor(np.zeros((5, 3, 8, 9), np.uint8))).shape == (2 * 9 - 1, 3 * 10 - 1, 3)
    assert seen(Tensor(np.zeros((1, 8, 9), np.uint8))).shape == (8, 9)
    assert seen([Tensor(np.zeros((8, 9), np.uint8))] * 2).shape == (8, 2 * 10 - 1)


@pytest.mark.parametrize("shape", [(4000, 10), (10, 4000), (4000, 10, 3), (100_000 // 4, 1)])
def test_very_long_pictures_are_folded(shape: Any, caplog: pytest.LogCaptureFixture) -> None:
    array = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    image = seen(array)
    assert max(image.shape[:2]) < 4 * min(image.shape[:2]) and max(image.shape[:2]) < 1000
    assert "folded" in caplog.text
    flat = image[: array.shape[0], :10] if shape[0] > shape[1] else image[:10, :200]
    length = flat.shape[0] if shape[0] > shape[1] else flat.shape[1]
    assert (
        (flat == array[:length, : flat.shape[1]]).all() if shape[0] > 1 and shape[1] > 1 else True
    )
    assert seen(np.zeros((4000, 400), np.uint8)).shape == (4000, 400)
    assert max(PIL.open(io.BytesIO(images.encode_image(PIL.new("RGB", (10, 4000))))).size) < 1000


def test_grids_of_lists_need_no_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [[[0.0, 0.5], [1.0, 0.25]]] * 5
    expected = seen(many)
    monkeypatch.delitem(images.sys.modules, "numpy")
    assert images.to_pixels(many).data == expected.tobytes()


@pytest.mark.parametrize("kind", ["3d", "polar"])
def test_figures_that_mpld3_cannot_draw_are_svg(
    server: Server, board: Any, name: str, kind: Any
) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    pytest.importorskip("mpld3")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure = pyplot.figure()
    axes = figure.add_subplot(projection=kind)
    axes.plot(*[[1, 2, 3]] * (3 if kind == "3d" else 2))
    board.figure("figure", figure)
    board.log({"logged": figure}, step=0)
    pyplot.close(figure)
    assert board.flush(60)
    cells = server.named(name)
    assert all(
        "<svg" in cells[cell]["value"] and "mpld3" not in cells[cell]["value"]
        for cell in ("figure", "logged")
    )


def test_a_figure_over_which_mpld3_raises_is_svg(
    server: Server,
    board: Any,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    mpld3 = pytest.importorskip("mpld3")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    def raises(*_: Any) -> None:
        raise TypeError("Object of type int64 is not JSON serializable")

    monkeypatch.setattr(mpld3, "fig_to_html", raises)
    figure, _ = pyplot.subplots()
    board.figure("figure", figure)
    pyplot.close(figure)
    assert (
        board.flush(60)
        and "<svg" in server.named(name)["figure"]["value"]
        and "it is shown as SVG" in caplog.text
    )
