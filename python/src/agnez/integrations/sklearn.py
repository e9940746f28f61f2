"""scikit-learn: loops over ``partial_fit``, and confusion matrices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .._errors import log_exceptions
from .._optional import import_optional
from .._values import cell_values
from .._values.arrays import to_float_array
from ..board import Board
from ..cell import Cell
from ..media import Chart
from ._target import AnyTarget, Training, find_target, resolve_board
from ._tensors import log_norms, norm


def partial_fit(
    model: Any,
    x: Any,
    y: Any,
    *,
    board: AnyTarget = None,
    epochs: int = 10,
    batch_size: int = 128,
    validation: tuple[Any, Any] | None = None,
    classes: Sequence[Any] | None = None,
    seed: int = 0,
) -> Any:
    """Trains by ``model.partial_fit`` in shuffled batches, and shows each epoch.

    Shown are loss, score, norms of the weights, and the confusion matrix.

    :param model: a classifier or regressor with ``partial_fit``.
    :param x: ``(N, ...)``.
    :param y: ``(N,)`` or ``(N, outputs)``.
    :param validation: held-out ``(x, y)``, shown as the series ``val`` beside ``train``.
    :param classes: all classes, if ``y`` does not contain each.
    :returns: the model.
    """
    for _ in epochs_of(
        model,
        x,
        y,
        board=board,
        epochs=epochs,
        batch_size=batch_size,
        validation=validation,
        classes=classes,
        seed=seed,
    ):
        pass
    return model


def epochs_of(
    model: Any,
    x: Any,
    y: Any,
    *,
    board: AnyTarget = None,
    epochs: int = 10,
    batch_size: int = 128,
    validation: tuple[Any, Any] | None = None,
    classes: Sequence[Any] | None = None,
    seed: int = 0,
) -> Iterator[int]:
    """Yields after each epoch of :func:`partial_fit`, so that the loop can end early.

    ``for epoch in epochs_of(model, x, y): ...``
    """
    np = import_optional("numpy", "agnez.sklearn")
    x, y = np.asarray(x), np.asarray(y)
    if len(x) != len(y):
        raise ValueError(f"x and y must have the same length, not {len(x)} and {len(y)}")
    if epochs < 1 or batch_size < 1:
        raise ValueError("epochs and batch_size must be 1 or more")
    extra: dict[str, Any] = (
        {"classes": np.unique(y) if classes is None else classes} if _is_classifier(model) else {}
    )
    random = np.random.default_rng(seed)
    training = Training(board)
    log_exceptions(training.set_config)({"epochs": epochs, "batch_size": batch_size, "seed": seed})
    status = "failed"
    try:
        for epoch in range(epochs):
            order = random.permutation(len(x))
            for start in range(0, len(x), batch_size):
                chosen = order[start : start + batch_size]
                model.partial_fit(x[chosen], y[chosen], **extra)
            # Failures of showing the model are logged; failures of training reach the caller.
            log_exceptions(log_epoch)(
                model, epoch, train=(x, y), validation=validation, board=training.target
            )
            yield epoch
        status = "finished"
    except GeneratorExit:
        # The loop was left early.
        status = "finished"
        raise
    finally:
        training.end(status)


def log_epoch(
    model: Any,
    step: Any,
    *,
    train: tuple[Any, Any],
    validation: tuple[Any, Any] | None = None,
    board: AnyTarget = None,
) -> None:
    """Shows a fitted model at a step, for custom loops.

    The loss is the mean cross-entropy of a classifier with probabilities, or the mean squared
    error of a regressor; the score is the model's own: accuracy or R squared. The confusion
    matrix is that of ``validation`` if given, else of ``train``.
    """
    target = find_target(board)
    sides = {"train": train, **({"val": validation} if validation is not None else {})}
    score = "accuracy" if _is_classifier(model) else "R squared"
    metrics: dict[str, float] = {}
    for side, (x, y) in sides.items():
        metrics[f"{score}/{side}"] = float(model.score(x, y))
        loss = _loss(model, x, y)
        if loss is not None:
            metrics[f"loss/{side}"] = loss
    target.log(metrics, step=step)
    log_norms(target, "weight norms", _norms(model), step)
    if _is_classifier(model):
        x, y = train if validation is None else validation
        data = "training" if validation is None else "validation"
        value = _confusion(y, model.predict(x), None)
        target._log_at({"confusion": Chart("heatmap", value, f"{data} data, step {step}")}, step)


def confusion_matrix(
    truth: Any,
    predicted: Any,
    *,
    labels: Sequence[Any] | None = None,
    name: str = "confusion",
    board: Board | str | None = None,
) -> Cell:
    """How often each class was predicted as each class: rows are true, columns predicted.

    It is a cell of the board, or of the active run's board, and belongs to no run.

    :param truth: ``(N,)``.
    :param predicted: ``(N,)``.
    :param labels: the classes in order; by default those that occur, sorted. ValueError for items
        of other classes.
    """
    value = _confusion(truth, predicted, labels)
    return resolve_board(board)._show_value(name, {"type": "heatmap", "value": value})


def _confusion(truth: Any, predicted: Any, labels: Sequence[Any] | None) -> Any:
    """The value of a heatmap."""
    np = import_optional("numpy", "agnez.sklearn")
    truth, predicted = np.asarray(truth), np.asarray(predicted)
    if truth.ndim != 1 or truth.shape != predicted.shape:
        raise ValueError(
            "truth and predicted must be lists of the same length, "
            f"not of the shapes {truth.shape} and {predicted.shape}"
        )
    classes = (
        list(np.unique(np.concatenate([truth, predicted]))) if labels is None else list(labels)
    )
    places = {label: at for at, label in enumerate(classes)}
    counts = np.zeros((len(classes), len(classes)), dtype=np.int64)
    try:
        np.add.at(
            counts,
            (
                [places[item] for item in truth.tolist()],
                [places[item] for item in predicted.tolist()],
            ),
            1,
        )
    except KeyError as error:
        raise ValueError(f"the class {error} is not among the labels") from None
    names = [str(label) for label in classes]
    return cell_values.heatmap(counts, names, names, "truth", "predicted", None)


def _is_classifier(model: Any) -> bool:
    # sklearn also handles pipelines and searches.
    return bool(
        import_optional("sklearn.base", "agnez.sklearn", "scikit-learn").is_classifier(model)
    )


def _loss(model: Any, x: Any, y: Any) -> float | None:
    np = import_optional("numpy", "agnez.sklearn")
    y = np.asarray(y)
    if not _is_classifier(model):
        return float(np.square(np.asarray(model.predict(x), float) - y).mean())
    if y.ndim != 1 or not hasattr(model, "predict_proba"):
        return None
    chances = np.asarray(model.predict_proba(x), float)
    places = np.searchsorted(model.classes_, y)
    # A class that the model never saw has the probability 0: its loss is infinite.
    known = (places < len(model.classes_)) & (
        np.asarray(model.classes_)[np.minimum(places, len(model.classes_) - 1)] == y
    )
    with np.errstate(divide="ignore"):
        losses = -np.log(
            np.where(known, chances[np.arange(len(y)), np.where(known, places, 0)], 0.0)
        )
    return float(losses.mean())


def _norms(model: Any) -> dict[str, float]:
    """Of linear models and of multilayer perceptrons."""
    if hasattr(model, "coefs_"):
        pairs = zip(model.coefs_, model.intercepts_)
        return {f"layer {at}": norm(pair) for at, pair in enumerate(pairs, 1)}
    return {"weights": norm([to_float_array(model.coef_)])} if hasattr(model, "coef_") else {}
