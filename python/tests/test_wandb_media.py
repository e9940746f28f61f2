# Tests pass wrong types on purpose, and use private attributes.
# mypy: disable-error-code="arg-type, name-defined, no-untyped-call"
"""Media and plots of Weights & Biases scripts."""

from __future__ import annotations

import io
import struct
import wave
from pathlib import Path
from typing import Any

import pytest

import agnez as wandb
from agnez._values import audio, curves, images
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
            "roc": wandb.plot.roc_curve([0, 1, 1, 0], [[0.9], [0.2], [0.6], [0.6]], ["cat"]),
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
    assert server.pairs(cells["roc"]["_id"], "cat") == [(0, 0), (0, 0.5), (0.5, 1), (1, 1)]
    assert cells["roc"]["chart"]["x_label"] == "False positive rate"
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
        lambda: wandb.plot.roc_curve([0], [[1], [2]]),
        lambda: wandb.plot.roc_curve([0], [[1]], ["a", "b"]),
        lambda: wandb.plot.pr_curve([0], [[1]], classes_to_plot=[1]),
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


def test_curves_of_a_classifier_are_those_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(0)
    for scores in (random.random(200), random.integers(0, 5, 200) / 4):
        truth = random.random(200) < scores
        x, y = curves.roc(list(scores), list(truth))
        false, true, _ = metrics.roc_curve(truth, scores, drop_intermediate=False)
        assert np.allclose(x, false) and np.allclose(y, true)
        x, y = curves.precision_recall(list(scores), list(truth))
        precision, recall, _ = metrics.precision_recall_curve(truth, scores)
        # Theirs begin at the lowest threshold, and end with a point (0, 1) that no threshold has.
        assert np.allclose(x, recall[-2::-1]) and np.allclose(y, precision[-2::-1])
    x, y = curves.roc(list(np.arange(5000.0)), [True, False] * 2500)
    assert len(x) == len(y) == curves.MAX_POINTS and (x[0], y[0], x[-1], y[-1]) == (0, 0, 1, 1)
    chart = wandb.plot.pr_curve([0, 0], [[0.5, 0.5], [0.4, 0.6]])
    assert chart._keys["value"] == {"series": {}}, "a class without others has no curve"


@pytest.mark.parametrize(
    ("samples", "channels", "expected"),
    [
        (np.array([0, 0.5, -1, 2, np.nan]), 1, [0, 16383, -32767, 32767, 0]),
        (np.array([[0.0, 1], [1, 0]], np.float32), 2, [0, 32767, 32767, 0]),
        (np.array([1, -2, 40000]), 1, [1, -2, 32767]),
        ([0, 0.5, float("nan"), -3], 1, [0, 16383, 0, -32768]),
        ([[1, 2], [3, 4]], 2, [1, 2, 3, 4]),
    ],
)
def test_samples_are_a_wav_file(samples: Any, channels: int, expected: list[int]) -> None:
    content, kind = audio.encode(samples, 8000)
    with wave.open(io.BytesIO(content)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (
            channels,
            2,
            8000,
        )
        data = file.readframes(file.getnframes())
    assert (kind, list(struct.unpack(f"<{len(expected)}h", data))) == ("audio/wav", expected)


def test_sound_has_a_player(board: Any, server: Server, name: str, tmp_path: Path) -> None:
    (tmp_path / "beep.mp3").write_bytes(b"\xff\xfb\x90\x64" + bytes(100))
    sounds = {
        "file": wandb.Audio(str(tmp_path / "beep.mp3"), caption="a <b>"),
        "bytes": wandb.Audio(b"OggS" + bytes(20)),
        "samples": wandb.Audio(data_or_path=np.zeros(100), sample_rate=44100),
    }
    board.log(sounds, step=0)
    assert board.flush(60)
    pages = {title: cell["value"] for title, cell in server.named(name).items()}
    assert 'src="data:audio/mpeg;base64,' in pages["file"] and "a &lt;b&gt;" in pages["file"]
    assert "audio/ogg" in pages["bytes"] and "audio/wav" in pages["samples"]
    for wrong in (
        lambda: wandb.Audio(np.zeros(10)),
        lambda: wandb.Audio(b"text"),
        lambda: wandb.Audio(np.zeros((2, 2, 2)), sample_rate=8000),
        lambda: audio.to_html(bytes(audio.MAX_BYTES + 1), "audio/wav", None),
    ):
        with pytest.raises(ValueError, match=r"\w+ \w+"):
            wrong()
