"""Pictures: what is sent is what a decoder that is not ours sees."""

import base64
import io
import math
import zlib

import pytest

import agnez
from agnez import pictures, png

np = pytest.importorskip("numpy")
PIL = pytest.importorskip("PIL.Image")


def opened(document):
    head, data = document["value"].split(",", 1)
    assert document["type"] == "img" and head == "data:image/png;base64"
    return PIL.open(io.BytesIO(base64.b64decode(data)))


def seen(data, **named):
    return np.asarray(PIL.open(io.BytesIO(pictures.picture(data, **named))))


def test_an_image_reaches_the_board(server, board, name, tmp_path):
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


@pytest.mark.parametrize("shape, mode", [((4, 5), "L"), ((4, 5, 1), "L"), ((4, 5, 2), "LA"), ((4, 5, 3), "RGB"), ((4, 5, 4), "RGBA")])
def test_shapes(shape, mode):
    array = np.arange(math.prod(shape), dtype=np.uint8).reshape(shape)
    picture = PIL.open(io.BytesIO(pictures.picture(array)))
    assert (picture.mode, picture.size) == (mode, (5, 4))
    assert (np.asarray(picture).reshape(shape) == array).all()


def test_many_are_a_grid():
    many = np.zeros((5, 4, 6, 3), np.uint8)
    many[4] = 9
    grid = seen(many)
    assert grid.shape == (2 * 5 - 1, 3 * 7 - 1, 3)
    assert (grid[5:9, 7:13] == 9).all() and (grid[4] == 255).all() and (grid[:4, :6] == 0).all()
    assert seen(np.zeros((10, 4, 6))).shape == (3 * 5 - 1, 4 * 7 - 1)


def test_ranges():
    assert seen(np.array([[0.0, 0.5, 1.0]])).tolist() == [[0, 128, 255]]
    assert seen(np.array([[-1.0, 0.0, 3.0]])).tolist() == [[0, 64, 255]]
    assert seen(np.array([[0, 10, 255]])).tolist() == [[0, 10, 255]]
    assert seen(np.array([[True, False]])).tolist() == [[255, 0]]
    assert seen(np.array([[0.0, math.nan, 1.0, math.inf, -math.inf]])).tolist() == [[0, 0, 255, 255, 0]]
    assert seen(np.array([[0.0, 5.0, 20.0]]), vmin=0, vmax=10).tolist() == [[0, 128, 255]]
    assert seen(np.array([[7, 7]], np.int64) * 1000).tolist() == [[0, 0]]


def test_lists_without_numpy(monkeypatch):
    monkeypatch.setitem(pictures.sys.modules, "numpy", None)
    monkeypatch.delitem(pictures.sys.modules, "numpy")
    for data in ([[0.0, 0.5], [1.0, 0.25]], [[0, 255], [7, 9]], [[[1, 2, 3], [4, 5, 6]]], [[0.0, math.nan]]):
        bare = PIL.open(io.BytesIO(pictures.picture(data)))
        monkeypatch.setitem(pictures.sys.modules, "numpy", np)
        assert (np.asarray(bare) == seen(data)).all()
        monkeypatch.delitem(pictures.sys.modules, "numpy")
    monkeypatch.setitem(pictures.sys.modules, "numpy", np)


def test_wrong_pictures():
    for wrong in (np.zeros(3), np.zeros((0, 3)), np.zeros((2, 2, 2, 2, 2)), np.zeros((1, 2, 3, 7)), [[1, 2], [1]], "no file", 3):
        with pytest.raises((ValueError, TypeError, OSError)):
            pictures.picture(wrong)
    with pytest.raises(ValueError, match="same size"):
        pictures.moving([np.zeros((2, 2)), np.zeros((2, 3))], 10)
    with pytest.raises(ValueError, match="fps"):
        pictures.moving([np.zeros((2, 2))], 0)


def test_moving_pictures(server, board, name):
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


def test_a_gif_file_stays_one(server, board, name, tmp_path):
    PIL.new("RGB", (3, 2)).save(tmp_path / "a.gif")
    board.gif("gif", str(tmp_path / "a.gif"))
    assert board.flush(60)
    assert server.cell(f"{name}-gif")["value"].startswith("data:image/gif;base64,")


def test_png_checksums():
    data = png.still(png.Pixels(1, 1, 1, b"\x07"))
    at = 8
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        assert int.from_bytes(data[at + 8 + length : at + 12 + length], "big") == zlib.crc32(data[at + 4 : at + 8 + length])
        at += 12 + length
    assert at == len(data)


def test_figures(server, board, name, monkeypatch):
    matplotlib = pytest.importorskip("matplotlib")
    pytest.importorskip("mpld3")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots()
    axes.plot([1, 2, 3])
    board.figure("mpld3", figure)
    board.figure("axes", axes)
    monkeypatch.setitem(pictures.sys.modules, "mpld3", None)
    board.figure("svg", figure)
    pyplot.close(figure)

    class Plotly:
        def to_plotly_json(self):
            return {}

        def to_html(self, include_plotlyjs, full_html):
            return f"<p>{include_plotlyjs} {full_html}</p>"

    board.figure("plotly", Plotly())
    assert board.flush(60)
    of = {id.split("-")[1]: cell["value"] for id, cell in server.cells(name).items()}
    assert "mpld3" in of["mpld3"] and "mpld3" in of["axes"] and "<svg" in of["svg"] and of["plotly"] == "<p>True True</p>"


def test_media_among_metrics(server, board, name):
    board.log({"loss": 1, "sample": agnez.Image(np.zeros((2, 2)), caption="c"), "film": agnez.Video(np.zeros((2, 2, 2))), "page": agnez.Html("<i>x</i>")}, step=5)
    board.log({"weights": agnez.Histogram([1, 2]), "bins": agnez.Histogram(np_histogram=np.histogram([1, 2, 3], bins=2)), "rows": agnez.Table(columns=["a"], data=[[1]])}, step=6)
    assert board.flush(60)
    types = {cell["name"]: cell["type"] for cell in server.cells(name).values()}
    assert types == {"loss": "line", "sample": "img", "film": "img", "page": "html", "weights": "histogram", "bins": "histogram", "rows": "table"}
    assert server.cell(f"{name}-bins")["value"] == {"counts": [1, 2], "edges": [1, 2, 3]}
    assert [point[:2] for point in server.points(f"{name}-loss", "loss")] == [(5, 1)]
