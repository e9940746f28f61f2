# Tests pass wrong types on purpose, and use private attributes.
# mypy: disable-error-code="arg-type, name-defined, no-untyped-call"
"""Media and plots of Weights & Biases scripts."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

import agnez as wandb
from agnez._values import images
from server import Server

np = pytest.importorskip("numpy")
PIL = pytest.importorskip("PIL.Image")


@pytest.mark.parametrize(
    ("shape", "size", "count"),
    [
        ((3, 3, 16, 20), (20, 16), 3),
        ((3, 1, 16, 20), (20, 16), 3),
        ((4, 16, 20, 3), (20, 16), 4),
        ((5, 16, 20), (20, 16), 5),
        ((2, 5, 3, 8, 9), (19, 8), 5),
        ((4, 5, 1, 8, 9), (19, 17), 5),
        ((2, 5, 8, 9, 3), (19, 8), 5),
    ],
)
def test_films_have_their_colours_where_other_libraries_have_them(
    shape: Any, size: Any, count: Any
) -> None:
    film = wandb.Video(np.zeros(shape, np.uint8))
    file = PIL.open(io.BytesIO(film._data))
    assert (file.size, file.n_frames) == (size, count)


def test_colours_of_films_stay_with_their_pixels() -> None:
    film = np.random.default_rng(0).integers(0, 256, (2, 3, 6, 7), dtype=np.uint8)
    file = PIL.open(io.BytesIO(wandb.Video(film)._data))
    for at in range(2):
        file.seek(at)
        assert (np.asarray(file.convert("RGB")) == film[at].transpose(1, 2, 0)).all()
    assert images.encode_animation(film.transpose(0, 2, 3, 1), 10) == wandb.Video(film)._data


def test_plots_are_cells(
    board: Any, server: Server, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    table = wandb.Table(columns=["x", "y", "who"], data=[[0, 1.5, "a"], [1, 2.5, "b"]])
    board.log(
        {
            "bar": wandb.plot.bar(table, "who", "y", title="t"),
            "scatter": wandb.plot.scatter(table, "x", "y"),
            "histogram": wandb.plot.histogram(table, "y"),
        },
        step=0,
    )
    board.log(
        {
            "line": wandb.plot.line(table, "x", "y"),
            "lines": wandb.plot.line_series([0, 1], [[1, 2], [3, 4]], keys=["a", "b"], title="t"),
        },
        step=0,
    )
    board.log(
        {
            "confusion": wandb.plot.confusion_matrix(
                y_true=[0, 1, 1], preds=np.array([0, 1, 0]), class_names=["cat", "dog"]
            )
        },
        step=0,
    )
    board.log(
        {
            "likely": wandb.plot.confusion_matrix(probs=[[0.9, 0.1], [0.2, 0.8]], y_true=[0, 0]),
            "roc": wandb.plot.roc_curve([0, 1], [[1, 0]]),
        },
        step=0,
    )
    assert board.flush(60)
    cells = server.named(name)
    assert cells["bar"]["value"] == {
        "labels": ["a", "b"],
        "values": [1.5, 2.5],
        "x_label": "who",
        "y_label": "y",
    }
    assert cells["scatter"]["value"]["x"] == [0, 1]
    assert cells["histogram"]["value"] == {"values": [1.5, 2.5], "x_label": "y"}
    assert "roc" not in cells
    assert server.pairs(cells["line"]["_id"], "y") == [(0, 1.5), (1, 2.5)] and server.pairs(
        cells["lines"]["_id"], "b"
    ) == [(0, 3), (1, 4)]
    assert cells["confusion"]["value"]["values"] == [[1, 0], [1, 1]] and cells["confusion"][
        "value"
    ]["rows"] == ["cat", "dog"]
    assert cells["likely"]["value"]["values"] == [[1, 1], [0, 0]]
    for wrong in (
        lambda: wandb.plot.bar(table, "none", "y"),
        lambda: wandb.plot.confusion_matrix(y_true=[-1], preds=[0]),
        lambda: wandb.plot.line_series([0], [[1, 2]]),
    ):
        with pytest.raises(ValueError, match=r"\w+ \w+"):
            wrong()


def test_a_film_that_is_none_is_left_out(
    board: Any, server: Server, name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "film.mp4").write_bytes(b"\0\0\0\x18ftypmp42")
    board.log(
        {
            "film": wandb.Video(str(tmp_path / "film.mp4"), format="mp4"),
            "named": wandb.Video(data_or_path=np.zeros((2, 8, 9))),
            "image": wandb.Image(data_or_path=np.zeros((8, 9))),
        },
        step=0,
    )
    assert board.flush(60)
    assert (
        set(server.named(name)) - {"agnez: not sent"} == {"named", "image"}
        and "no picture that moves" in caplog.text
    )
    assert wandb.Api().runs("x") is not None and issubclass(wandb.Error, Exception)
