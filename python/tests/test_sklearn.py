"""scikit-learn on its digits: loops over partial_fit, and confusion matrices."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from server import Server

np = pytest.importorskip("numpy")
pytest.importorskip("sklearn")

from sklearn.datasets import load_diabetes, load_digits
from sklearn.linear_model import SGDClassifier, SGDRegressor
from sklearn.metrics import confusion_matrix
from sklearn.naive_bayes import MultinomialNB

import agnez
import agnez.sklearn


def digits() -> Any:
    x, y = load_digits(return_X_y=True)
    return (x[:900] / 16, y[:900]), (x[900:1200] / 16, y[900:1200])


def test_a_loop_over_partial_fit_is_shown(own_server: Server, tmp_path: Path) -> None:
    train, validation = digits()
    board = agnez.Board("digits", url=own_server.url, spool=str(tmp_path / "spool"))
    model = SGDClassifier(loss="log_loss", random_state=0)
    scores = []
    for epoch in agnez.sklearn.epochs_of(
        model, *train, board=board, epochs=4, validation=validation
    ):
        chances = model.predict_proba(validation[0])[np.arange(300), validation[1]]
        scores.append((model.score(*train), model.score(*validation), -np.log(chances).mean()))
        if epoch == 2:
            break
    assert board.flush(20)
    cells = own_server.named("digits")
    assert own_server.pairs(cells["accuracy"]["_id"], "train") == [
        (at, score[0]) for at, score in enumerate(scores)
    ]
    assert own_server.pairs(cells["accuracy"]["_id"], "val") == [
        (at, score[1]) for at, score in enumerate(scores)
    ]
    losses = [value for _, value in own_server.pairs(cells["loss"]["_id"], "val")]
    assert losses == pytest.approx([score[2] for score in scores], rel=1e-12)
    assert own_server.pairs(cells["weight norms"]["_id"], "weights")[-1][1] == pytest.approx(
        np.linalg.norm(model.coef_)
    )
    expected = confusion_matrix(validation[1], model.predict(validation[0])).tolist()
    assert cells["confusion"]["value"]["values"] == expected
    assert cells["confusion"]["description"] == "validation data, step 2"


def test_classes_that_were_never_seen_cost_everything(own_server: Server, tmp_path: Path) -> None:
    board = agnez.Board("rare", url=own_server.url, spool=str(tmp_path / "spool"))
    x, y = np.abs(np.random.default_rng(0).random((40, 3))), np.array(["a", "b"] * 20)
    held_back = (x[:4], np.array(["a", "c", "b", "a"]))
    agnez.sklearn.partial_fit(MultinomialNB(), x, y, board=board, epochs=1, validation=held_back)
    assert board.flush(20)
    cells = own_server.named("rare")
    assert own_server.pairs(cells["loss"]["_id"], "val") == [(0, math.inf)]
    assert cells["confusion"]["value"]["rows"] == ["a", "b", "c"]


def test_a_regressor_has_errors_and_no_confusion(own_server: Server, tmp_path: Path) -> None:
    board = agnez.Board("diabetes", url=own_server.url, spool=str(tmp_path / "spool"))
    x, y = load_diabetes(return_X_y=True)
    model = agnez.sklearn.partial_fit(
        SGDRegressor(random_state=0), x, y, board=board, epochs=2, batch_size=50
    )
    assert board.flush(20)
    cells = own_server.named("diabetes")
    assert set(cells) == {"loss", "R squared", "weight norms"}
    assert own_server.pairs(cells["loss"]["_id"], "train")[-1][1] == pytest.approx(
        ((model.predict(x) - y) ** 2).mean()
    )


def test_images_that_do_not_fit_raise(tmp_path: Path) -> None:
    board = agnez.Board("wrong", url="http://localhost:9", spool=str(tmp_path / "spool"))
    with pytest.raises(ValueError, match="same length"):
        agnez.sklearn.confusion_matrix([1, 2], [1], board=board)
    with pytest.raises(ValueError, match="the class 2 is not among the labels"):
        agnez.sklearn.confusion_matrix([1, 2], [1, 1], labels=[1], board=board)
    with pytest.raises(ValueError, match="same length"):
        agnez.sklearn.partial_fit(SGDClassifier(), np.zeros((3, 2)), [0, 1], board=board)
    board.close(0.1)
