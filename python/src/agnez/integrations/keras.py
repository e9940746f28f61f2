"""Callbacks for Keras 3: ``model.fit(..., callbacks=[agnez.keras.AgnezCallback("mnist")])``.

The four callbacks of 2015 keep their names and places in the grid; they send numbers instead of
drawings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable, Union
from urllib.parse import urlsplit, urlunsplit

from .. import grids
from .._errors import log_exceptions
from .._messages import warn_once
from .._optional import import_optional
from .._values.arrays import to_float_array
from .._values.convert import to_label
from ..board import Board
from ..cell import Cell
from ._target import AnyTarget, Target, Training, resolve_board
from ._tensors import LayerHistograms, log_norms, norm

keras = import_optional("keras", "agnez.keras")

AnyBoard = Union[Board, str, None]


class AgnezCallback(keras.callbacks.Callback):  # type: ignore[misc,name-defined]
    """Shows metrics, the learning rate, weight norms and distributions, and gradient norms.

    Each ``fit`` is a run, unless one is active.

    :param board: a run; a board's name, on which it begins a run if none is active there; None: the
        active run, or one on ``main``; or an :class:`agnez.Board`, for cells without a run.
    :param name: the name of the run.
    :param batches: also log the metrics of every so many batches, as ``batch/loss``; 0:
        epochs only. Within an epoch, Keras' metrics are means since its start. The step is in
        epochs, with decimals, so that both share a chart: the batches of epoch 0 end at 1.
    :param weights: norms of each layer's weights, at the end of each epoch.
    :param histograms: distributions of each layer's weights, at the end of each epoch.
    :param gradients: norms of each layer's gradients. With torch they are those of the epoch's last
        batch; with jax, which keeps none, those of ``sample`` at the end of each epoch; with
        tensorflow there are none.
    :param sample: ``(x, y)``: a small batch for the gradients with jax.
    """

    def __init__(
        self,
        board: AnyTarget = None,
        *,
        name: str | None = None,
        batches: int = 0,
        weights: bool = True,
        histograms: bool = True,
        gradients: bool = True,
        sample: tuple[Any, Any] | None = None,
    ) -> None:
        super().__init__()
        self._training = Training(board, name)
        self._batches, self._weights, self._histograms, self._gradients = (
            batches,
            weights,
            histograms,
            gradients,
        )
        self._sample = sample
        self._spreads: LayerHistograms | None = None
        self._epoch = 0

    @property
    def target(self) -> Target:
        """The run or the board."""
        return self._training.target

    @log_exceptions
    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        self._training.begin()
        self._spreads = LayerHistograms(self.target, "weights")
        config = {name: value for name, value in (self.params or {}).items() if name != "verbose"}
        optimizer = getattr(self.model, "optimizer", None)
        if optimizer is not None:
            config["optimizer"] = type(optimizer).__name__
        self._training.set_config(config)

    @log_exceptions
    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        self._training.end()

    @log_exceptions
    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        self._epoch = epoch

    @log_exceptions
    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        if self._batches and logs and (batch + 1) % self._batches == 0:
            count = (self.params or {}).get("steps")
            # Without the number of batches, the fraction of the epoch is unknown.
            if count:
                is_board = isinstance(self.target, Board)
                self.target.log(
                    {
                        f"{name}/batch" if is_board else f"batch/{name}": value
                        for name, value in logs.items()
                    },
                    step=self._epoch + (batch + 1) / count,
                )

    @log_exceptions
    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        # Separate methods: a failure in one does not affect the others.
        self._log_metrics(epoch, logs)
        layers = _layers(self.model)
        if self._weights:
            self._log_weights(layers, epoch)
        if self._histograms:
            self._log_histograms(layers, epoch)
        if self._gradients:
            self._log_gradients(layers, epoch)

    @log_exceptions
    def _log_metrics(self, epoch: int, logs: Mapping[str, Any] | None) -> None:
        metrics = dict(logs or {})
        # Some schedules log it as a metric of this name.
        rate = metrics.pop("learning_rate", None)
        if rate is None:
            rate = getattr(getattr(self.model, "optimizer", None), "learning_rate", None)
        named = dict(metrics)
        if isinstance(self.target, Board):
            named = {_series_name(name): value for name, value in metrics.items()}
        if rate is not None:
            named["learning rate"] = _number(rate)
        if named:
            self.target.log(named, step=epoch)

    @log_exceptions
    def _log_weights(self, layers: Mapping[str, list[Any]], epoch: int) -> None:
        norms = {
            name: norm(variable.value for variable in variables)
            for name, variables in layers.items()
        }
        log_norms(self.target, "weight norms", norms, epoch)

    @log_exceptions
    def _log_histograms(self, layers: Mapping[str, list[Any]], epoch: int) -> None:
        if self._spreads is not None:
            kernels = {name: _kernel_of(variables) for name, variables in layers.items()}
            self._spreads.add(kernels, epoch)

    @log_exceptions
    def _log_gradients(self, layers: Mapping[str, list[Any]], epoch: int) -> None:
        log_norms(self.target, "gradient norms", self._gradient_norms(layers), epoch)

    def _gradient_norms(self, layers: Mapping[str, list[Any]]) -> dict[str, float]:
        backend = keras.backend.backend()
        if backend == "torch":
            every = {
                name: [variable.value.grad for variable in variables]
                for name, variables in layers.items()
            }
            return {
                name: norm(found)
                for name, some in every.items()
                if (found := [one for one in some if one is not None])
            }
        if backend == "jax" and self._sample is not None:
            gradients = iter(_jax_gradients(self.model, *self._sample))
            by_variable = {
                variable.path: next(gradients) for variable in self.model.trainable_variables
            }
            return {
                name: norm(by_variable[variable.path] for variable in variables)
                for name, variables in layers.items()
            }
        hint = (
            "give sample=(x, y)"
            if backend == "jax"
            else f"the backend {backend} does not give them"
        )
        warn_once(
            "keras gradients",
            f"AgnezCallback shows no norms of gradients: {hint}, or say gradients=False.",
        )
        return {}


def _jax_gradients(model: Any, x: Any, y: Any) -> list[Any]:
    """The loss gradients of a batch, one for each trainable variable; changes nothing."""
    jax = import_optional("jax", "agnez.keras")
    states = (model.trainable_variables, model.non_trainable_variables, model.metrics_variables)
    values = [[variable.value for variable in variables] for variables in states]
    gradients, _ = jax.grad(model.compute_loss_and_updates, has_aux=True)(
        *values, x, y, None, training=False
    )
    return list(gradients)


def _layers(model: Any) -> dict[str, list[Any]]:
    """The trainable variables by the innermost layer that owns them."""
    layers: dict[str, list[Any]] = {}
    for variable in model.trainable_variables:
        owner = variable.path.rpartition("/")[0]
        prefix = f"{model.name}/"
        layers.setdefault(
            (owner[len(prefix) :] if owner.startswith(prefix) else owner) or model.name, []
        ).append(variable)
    return layers


def _kernel_of(variables: list[Any]) -> Any:
    """A layer's kernel: in one histogram with it, biases and scales would be invisible."""
    return max(
        (to_float_array(variable.value) for variable in variables),
        key=lambda values: (values.ndim, values.size),
    )


def _series_name(name: Any) -> str:
    """Keras' ``loss`` and ``val_loss`` as two series of one cell."""
    name = to_label(name)
    return f"{name[4:]}/val" if name.startswith("val_") and len(name) > 4 else f"{name}/train"


def _number(value: Any) -> Any:
    try:
        return float(keras.ops.convert_to_numpy(value))
    except Exception:  # A custom schedule: the board handles any value.
        return value


class _LegacyCallback(keras.callbacks.Callback):  # type: ignore[misc,name-defined]
    """A callback of 2015: a cell with a name, a description and a position.

    ``app_url`` may end in ``/api/v1/values``, as in 2015.
    """

    def __init__(
        self, name: str, description: str, position: int, board: AnyBoard, app_url: str | None
    ) -> None:
        super().__init__()
        if app_url is not None and not isinstance(board, Board):
            parts = urlsplit(app_url)
            server = parts.path.rstrip("/")
            for values in ("/api/v1/values", "/values"):
                if server.endswith(values):
                    server = server[: -len(values)]
                    break
            board = Board(board or "main", url=urlunsplit(parts._replace(path=server)))
        self.board = resolve_board(board)
        self.name, self.description, self.position = name, description, position

    def _place_cell(self, cell: Cell) -> None:
        cell.set(pos=self.position, description=self.description)


class LossPlot(_LegacyCallback):
    """The learning curves of training and validation, epoch by epoch."""

    def __init__(
        self,
        name: str = "Loss plot",
        position: int = 0,
        app_url: str | None = None,
        description: str = "learning curves of training and validation",
        *,
        board: AnyBoard = None,
    ) -> None:
        super().__init__(name, description, position, board, app_url)
        self._place_cell(self.board.line(name))

    @log_exceptions
    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        found = {
            series: logs[key]
            for series, key in (("train", "loss"), ("val", "val_loss"))
            if logs and key in logs
        }
        if found:
            self.board.line(self.name).append(found, step=epoch)


class SendFigure(_LegacyCallback):
    """A figure of Matplotlib or Plotly from ``generate_plot()``, after each epoch."""

    def __init__(
        self,
        generate_plot: Callable[[], Any],
        name: str = "plot",
        description: str = "",
        position: int = 0,
        app_url: str | None = None,
        *,
        board: AnyBoard = None,
    ) -> None:
        super().__init__(name, description, position, board, app_url)
        self._generate = generate_plot

    @log_exceptions
    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        self._place_cell(self.board.figure(self.name, self._generate()))


class SendImage(_LegacyCallback):
    """A picture from ``generate_img()`` after each epoch, for :meth:`agnez.Board.image`."""

    def __init__(
        self,
        generate_img: Callable[[], Any],
        name: str = "img",
        description: str = "",
        position: int = 1,
        app_url: str | None = None,
        *,
        board: AnyBoard = None,
    ) -> None:
        super().__init__(name, description, position, board, app_url)
        self._generate = generate_img

    @log_exceptions
    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        self._place_cell(self.board.image(self.name, self._generate()))


class VisualizeConvWeights(_LegacyCallback):
    """The filters of a convolution as a grid of pictures, after each epoch.

    :param weights: the kernel ``(height, width, channels, filters)``, as a variable or a layer; by
        default that of the model's first convolution. Filters of 1 or 3 channels are grey or
        coloured; of other filters each channel is a picture.
    :param static_path: ignored: the picture goes to the server.
    """

    def __init__(
        self,
        weights: Any = None,
        static_path: str | None = None,
        name: str = "Conv weights",
        position: int = 1,
        app_url: str | None = None,
        description: str = "weights of convolutional layer",
        *,
        board: AnyBoard = None,
    ) -> None:
        super().__init__(name, description, position, board, app_url)
        del static_path
        self._kernel = getattr(weights, "kernel", weights)

    def set_model(self, model: Any) -> None:
        super().set_model(model)
        if self._kernel is None:
            kernels = [
                layer.kernel
                for layer in model._flatten_layers()
                if len(getattr(getattr(layer, "kernel", None), "shape", ())) == 4
            ]
            if not kernels:
                raise ValueError(
                    "VisualizeConvWeights found no layer with a kernel "
                    "(height, width, channels, filters): name one as weights="
                )
            self._kernel = kernels[0]

    @log_exceptions
    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        kernel = to_float_array(keras.ops.convert_to_numpy(self._kernel))
        if kernel.ndim != 4:
            raise ValueError(
                "the kernel must have the shape (height, width, channels, filters), "
                f"not {kernel.shape}"
            )
        # To (filters, height, width, channels).
        pictures = kernel.transpose(3, 0, 1, 2)
        if pictures.shape[-1] not in (1, 3):
            pictures = pictures.transpose(0, 3, 1, 2).reshape(-1, *pictures.shape[1:3])
        self._place_cell(
            self.board.image(self.name, grids.img_grid(pictures, channels_last=pictures.ndim == 4))
        )
