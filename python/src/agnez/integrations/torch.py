"""PyTorch: ``agnez.torch.watch(model)`` shows weights and gradients while a model trains."""

from __future__ import annotations

import math
from typing import Any

from .._errors import log_exceptions
from .._optional import import_optional
from ._target import AnyTarget, Target, Training
from ._tensors import LayerHistograms, log_norms


class Watch:
    """The result of :func:`watch`: ``stop()``, or the end of ``with``, ends it.

    ``step`` counts the optimizer's steps and may be set.
    """

    def __init__(
        self,
        model: Any,
        training: Training,
        every: int,
        weights: bool,
        gradients: bool,
        histograms: bool,
    ) -> None:
        self._training = training
        self.step = 0
        self._model, self._every = model, every
        self._kinds = [
            kind for kind, wanted in (("weight", weights), ("gradient", gradients)) if wanted
        ]
        self._spreads: dict[str, LayerHistograms] = {}
        if histograms:
            target = training.target
            self._spreads = {kind: LayerHistograms(target, f"{kind}s") for kind in self._kinds}
        self._mine = {id(parameter) for parameter in model.parameters()}
        hooks = import_optional("torch.optim.optimizer", "agnez.torch", "torch")
        self._handle: Any = hooks.register_optimizer_step_post_hook(self._stepped)

    @property
    def target(self) -> Target:
        """The run or the board."""
        return self._training.target

    def stop(self) -> None:
        """Ends it, and the run that it began."""
        self._remove_hook()
        self._training.end()

    def _remove_hook(self) -> None:
        if self._handle is not None:
            self._handle.remove()
            self._handle = None

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._remove_hook()
        self._training.end("finished" if kind is None else "failed")

    @log_exceptions
    def _stepped(self, optimizer: Any, *_: Any) -> None:
        # The hook gets the steps of all optimizers of the process.
        if not any(
            id(parameter) in self._mine
            for group in optimizer.param_groups
            for parameter in group["params"]
        ):
            return
        step, self.step = self.step, self.step + 1
        if step % self._every == 0:
            self.log(step)

    def log(self, step: Any) -> None:
        """Logs the current weights and gradients."""
        layers: dict[str, list[Any]] = {}
        for name, parameter in self._model.named_parameters():
            layers.setdefault(name.rpartition(".")[0] or type(self._model).__name__, []).append(
                parameter
            )
        for kind in self._kinds:
            found = {name: _tensors(parameters, kind) for name, parameters in layers.items()}
            found = {name: tensors for name, tensors in found.items() if tensors}
            log_norms(
                self.target,
                f"{kind} norms",
                {name: _norm(tensors) for name, tensors in found.items()},
                step,
            )
            if kind in self._spreads:
                # The kernel: in one histogram with it, biases would be invisible.
                kernels = {
                    name: max(tensors, key=lambda tensor: (tensor.dim(), tensor.numel()))
                    for name, tensors in found.items()
                }
                self._spreads[kind].add(kernels, step)


def watch(
    model: Any,
    board: AnyTarget = None,
    *,
    every: int = 100,
    weights: bool = True,
    gradients: bool = True,
    histograms: bool = True,
) -> Watch:
    """Shows a model's weights and gradients by layer, after every ``every``-th optimizer step.

    The first step is included. The loop needs no further call, and any optimizer of the model's
    parameters is noticed. Norms are computed on the device; for the histograms one tensor of each
    layer is copied to the host: with large models choose ``every`` accordingly, or
    ``histograms=False``. Gradients are those that the optimizer used, after clipping and unscaling.

    :param model: a ``torch.nn.Module``.
    :param board: a run; a board's name, on which it begins a run if none is active there; None: the
        active run; or an :class:`agnez.Board`, for cells without a run.
    """
    if not callable(getattr(model, "named_parameters", None)):
        raise TypeError(f"watch takes a torch.nn.Module, not {type(model).__name__}")
    if every < 1:
        raise ValueError(f"every must be 1 or more steps, not {every}")
    return Watch(model, Training(board), every, weights, gradients, histograms)


def _tensors(parameters: list[Any], kind: str) -> list[Any]:
    tensors = parameters if kind == "weight" else [parameter.grad for parameter in parameters]
    return [tensor.detach() for tensor in tensors if tensor is not None]


def _norm(tensors: list[Any]) -> float:
    # float(): sums of half precision overflow.
    return math.sqrt(math.fsum(float(tensor.float().pow(2).sum()) for tensor in tensors))
