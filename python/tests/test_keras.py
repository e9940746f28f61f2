# Tests pass wrong types on purpose, and use private attributes.
# mypy: disable-error-code="dict-item"
"""A real Keras 3 fit on scikit-learn's digits: the callbacks, and Keras' own RemoteMonitor."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import pytest

from server import Server

if os.environ.get("KERAS_BACKEND") is None:
    os.environ["KERAS_BACKEND"] = "jax"
keras = pytest.importorskip("keras", exc_type=ImportError)
np = pytest.importorskip("numpy")
sklearn = pytest.importorskip("sklearn")
BACKEND = os.environ["KERAS_BACKEND"]
pytest.importorskip(BACKEND)

import agnez
import agnez.keras

EPOCHS = 3


def digits() -> Any:
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    images = (images / 16).reshape(-1, 8, 8, 1).astype("float32")
    return images[:512], labels[:512], images[512:768], labels[512:768]


def made_model() -> Any:
    keras.utils.set_random_seed(7)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(6, 3, activation="relu", name="conv"),
            keras.layers.Flatten(),
            keras.layers.Dense(10, activation="softmax", name="head"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def fitted(callbacks: Any, epochs: Any = EPOCHS) -> Any:
    x, y, x_val, y_val = digits()
    model = made_model()
    history = model.fit(
        x,
        y,
        batch_size=64,
        epochs=epochs,
        validation_data=(x_val, y_val),
        callbacks=callbacks,
        verbose=0,
    )
    return model, history.history


def same(points: Any, expected: Any) -> None:
    assert [step for step, _ in points] == list(range(len(expected)))
    assert [value for _, value in points] == [float(value) for value in expected]


def test_everything_of_a_fit_is_shown(own_server: Server, tmp_path: Path) -> None:
    x, y, _, _ = digits()
    board = agnez.Board("fit", url=own_server.url, spool=str(tmp_path / "spool"))
    callback = agnez.keras.AgnezCallback(board, batches=2, sample=(x[:32], y[:32]))
    model, history = fitted([callback])
    assert board.flush(20)
    cells = own_server.named("fit")
    for metric in ("loss", "accuracy"):
        same(own_server.pairs(cells[metric]["_id"], "train"), history[metric])
        same(own_server.pairs(cells[metric]["_id"], "val"), history[f"val_{metric}"])
        batches = own_server.pairs(cells[metric]["_id"], "batch")
        assert [step for step, _ in batches] == [
            epoch + part / 4 for epoch in range(EPOCHS) for part in (1, 2, 3, 4)
        ]
    same(
        own_server.pairs(cells["learning rate"]["_id"], "learning rate"),
        [np.float32(3e-3)] * EPOCHS,
    )
    for layer in ("conv", "head"):
        norms = own_server.pairs(cells["weight norms"]["_id"], layer)
        weights = model.get_layer(layer).get_weights()
        assert norms[-1] == (
            EPOCHS - 1,
            pytest.approx(
                math.sqrt(sum((each.astype(float) ** 2).sum() for each in weights)), rel=1e-12
            ),
        )
        spread = cells[f"weights of {layer}"]
        assert spread["type"] == "histogram" and spread["value"]["steps"] == list(range(EPOCHS))
        assert [sum(counts) for counts in spread["value"]["counts"]] == [weights[0].size] * EPOCHS
        edges = spread["value"]["edges"]
        assert (
            edges[0] == -edges[-1]
            and edges[-1] / 2 < max(abs(weights[0].min()), abs(weights[0].max())) * 2
        )
        assert spread["value"]["counts"][-1] == np.histogram(weights[0], edges)[0].tolist()
        gradients = own_server.pairs(cells["gradient norms"]["_id"], layer)
        assert len(gradients) == EPOCHS and all(value > 0 for _, value in gradients)


def test_a_metric_of_several_values_is_several_lines(own_server: Server, tmp_path: Path) -> None:
    board = agnez.Board("several", url=own_server.url, spool=str(tmp_path / "spool"))
    x, y, x_val, y_val = digits()
    model = made_model()
    model.compile("adam", "categorical_crossentropy", metrics=[keras.metrics.F1Score(average=None)])
    hot, hot_val = keras.ops.one_hot(y, 10), keras.ops.one_hot(y_val, 10)
    history = model.fit(
        x,
        np.asarray(hot),
        epochs=2,
        validation_data=(x_val, np.asarray(hot_val)),
        callbacks=[agnez.keras.AgnezCallback(board, gradients=False)],
        verbose=0,
    ).history
    assert board.flush(20)
    cells = own_server.named("several")
    for phase, key in (("train", "f1_score"), ("val", "val_f1_score")):
        cell = cells[f"f1_score/{phase}"]
        for digit in range(10):
            same(
                own_server.pairs(cell["_id"], str(digit)),
                [values[digit] for values in history[key]],
            )
    same(own_server.pairs(cells["loss"]["_id"], "train"), history["loss"])


@pytest.mark.parametrize(
    "odd",
    [
        None,
        "text",
        object(),
        [1, [2]],
        np.array([1, 2]),
        1 + 2j,
        {"a": {1: 2}},
        float("nan"),
        np.float32(1),
        10**400,
    ],
)
def test_no_metric_and_no_rate_ends_a_fit(own_server: Server, tmp_path: Path, odd: Any) -> None:
    board = agnez.Board("odd", url=own_server.url, spool=str(tmp_path / "spool"))
    callback = agnez.keras.AgnezCallback(board, batches=1)

    class Optimizer:
        learning_rate = odd

    class Model:
        name, optimizer, trainable_variables = "m", Optimizer(), property(lambda self: 1 / 0)

    callback.set_params({"steps": 1})
    callback.set_model(Model())
    callback.on_epoch_begin(0)
    callback.on_train_batch_end(0, {"loss": 1, "odd": odd, 3: odd})
    callback.on_epoch_end(0, {"loss": 1, "odd": odd, 3: odd})
    for one in (
        agnez.keras.SendImage(lambda: odd, board=board),
        agnez.keras.SendFigure(lambda: 1 / 0, board=board),
        agnez.keras.LossPlot(board=board),
    ):
        one.on_epoch_end(0, {"loss": odd, "val_loss": 2.0})
    assert board.flush(20)
    cells = own_server.named("odd")
    assert own_server.pairs(cells["loss"]["_id"], "train") == [(0, 1)] and own_server.pairs(
        cells["loss"]["_id"], "batch"
    ) == [(1, 1)]
    assert own_server.pairs(cells["Loss plot"]["_id"], "val")[-1][1] == 2


@pytest.mark.skipif(BACKEND != "jax", reason="torch gives the gradients of the last batch itself")
def test_gradients_on_jax_are_those_of_the_loss(own_server: Server, tmp_path: Path) -> None:
    """A step of h against the gradient lowers the loss by h times its squared norm."""
    x, y, _, _ = digits()
    model = made_model()
    gradients = [
        np.asarray(each, float)
        for each in agnez.integrations.keras._jax_gradients(model, x[:64], y[:64])
    ]
    squared = sum(float((each**2).sum()) for each in gradients)
    before = model.get_weights()

    def loss(h: Any) -> Any:
        model.set_weights([weight - h * each for weight, each in zip(before, gradients)])
        return model.test_on_batch(x[:64], y[:64])[0]

    h = 1e-2
    assert (loss(-h) - loss(h)) / (2 * h) == pytest.approx(squared, rel=1e-2)


def test_the_callbacks_of_2015_stand_where_they_stood(own_server: Server, tmp_path: Path) -> None:
    plots = []

    def generate_plot() -> Any:
        matplotlib = pytest.importorskip("matplotlib")
        matplotlib.use("Agg")
        import matplotlib.pyplot as plt

        figure, axes = plt.subplots()
        axes.plot([1, 2, 3])
        plots.append(figure)
        plt.close(figure)
        return figure

    board = agnez.Board("old", url=own_server.url, spool=str(tmp_path / "spool"))
    callbacks = [
        agnez.keras.LossPlot(board=board),
        agnez.keras.VisualizeConvWeights(board=board),
        agnez.keras.SendFigure(generate_plot, position=2, description="a plot", board=board),
        agnez.keras.SendImage(lambda: np.zeros((4, 4), np.uint8), position=3, board=board),
    ]
    _, history = fitted(callbacks, epochs=2)
    assert board.flush(20)
    documents = own_server.ask("/values?board=old")
    shown = [(cell["name"], cell["type"], cell["pos"]) for cell in documents]
    assert shown == [
        ("Loss plot", "line", 0),
        ("Conv weights", "img", 1),
        ("plot", "html", 2),
        ("img", "img", 3),
    ]
    same(own_server.pairs(documents[0]["_id"], "train"), history["loss"])
    same(own_server.pairs(documents[0]["_id"], "val"), history["val_loss"])
    assert (
        documents[1]["value"].startswith("data:image/png;base64,")
        and documents[2]["description"] == "a plot"
        and len(plots) == 2
    )


def test_callbacks_take_the_address_of_2015(
    own_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGNEZ_SPOOL", str(tmp_path / "spool"))
    callback = agnez.keras.LossPlot(app_url=f"{own_server.url}/api/v1/values")
    fitted([callback], epochs=1)
    assert callback.board.flush(20)
    assert "Loss plot" in own_server.named("main")


def test_a_fit_without_a_server_goes_on(tmp_path: Path) -> None:
    board = agnez.Board("fit", url="http://localhost:9", spool=str(tmp_path / "spool"))
    _, history = fitted([agnez.keras.AgnezCallback(board)], epochs=1)
    assert len(history["loss"]) == 1
    board.close(0.1)


def test_stock_remote_monitor_needs_nothing_of_ours(own_server: Server) -> None:
    pytest.importorskip("requests")
    form = keras.callbacks.RemoteMonitor(root=own_server.url)
    json = keras.callbacks.RemoteMonitor(
        root=own_server.url, path="/publish/epoch/end/?board=mnist", send_as_json=True
    )
    _, history = fitted([form, json])
    for board in ("keras", "mnist"):
        cells = own_server.named(board)
        assert set(cells) == {"loss", "accuracy"}
        for metric in cells:
            same(own_server.pairs(f"{board}-{metric}", "train"), history[metric])
            same(own_server.pairs(f"{board}-{metric}", "val"), history[f"val_{metric}"])
