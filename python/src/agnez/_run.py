"""A training run: ``agnez.init`` returns it."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Mapping
from types import TracebackType
from typing import Any

from . import _active_run, _notebook, _run_end, _run_keys, _server, reading
from ._capture import recorder
from ._capture.redaction import redact
from ._capture_sink import CaptureSink
from ._config import Config
from ._metric_log import MetricLog
from ._metrics import Metrics
from ._resume import LastRun
from ._run_end import End
from ._run_values import RunValues
from ._spool.record import RunKey
from ._step_metrics import StepMetrics
from ._summary import Summary
from ._transport import credentials, heartbeats
from ._transport.client import Client
from ._values import convert, json_types, names, run_ids
from ._values.nested import to_bounded_json
from ._wandb import NoOp, WandbMethods
from .board import Board
from .media import Media

#: Keys of a ``log`` call that the server reads as the step and the time of the others.
_RESERVED = ("step", "time")


class Run(MetricLog, WandbMethods):
    """A run of a board, as :func:`agnez.init` returns it; ``with`` finishes it.

    ``log`` is that of :class:`agnez.Board`; the server draws all runs of a board in the same
    charts. An exception ends a ``with`` block, or the process, as ``failed``, Ctrl+C and SIGTERM as
    ``killed``, and the normal end of the process as ``finished``.
    """

    def __init__(
        self,
        board: str,
        id: str,
        name: str,
        *,
        url: str | None = None,
        token: str | None = None,
        spool: str | None = None,
        mode: str | None = None,
    ) -> None:
        self.project = names.check_board_name(board)
        self.id = run_ids.check(id)
        self._key: RunKey = (self.project, self.id)
        self._name = name
        self._tags: tuple[str, ...] = ()
        self._notes: str | None = None
        self.group: str | None = None
        self.job_type: str | None = None
        self.entity = ""
        self.resumed = False
        self._url = credentials.register_server(url, token)
        self._is_server_named = credentials.is_configured(url)
        self._mode = names.check_mode(mode)
        self._spool = spool
        self._pid = os.getpid()
        self.start_time = time.time()
        self._is_finished = False
        #: Of a run that a callback began: how it ends if its training does not end it.
        self._left_as: str | None = None
        self._recorder: recorder.Recorder | None = None
        self._last_run: LastRun | None = None
        self._board: Board | None = None
        self._step_metrics = StepMetrics()
        super().__init__(Client.of(self._url, spool, self._mode))
        self.config = Config({}, self._send_config)
        self.summary = Summary(self._latest, self._send_summary)

    def __repr__(self) -> str:
        return f"<agnez.Run {self.id!r} of board {self.project!r} at {self._url}>"

    def _repr_html_(self) -> str | None:
        """What a notebook shows: the status, the metrics and the first charts of the run."""
        self.flush(_notebook.FLUSH_S)
        if self._mode != "online":
            return None
        return _notebook.of_run(self._url, self.project, self.id, self.url)

    def _begin(
        self,
        config: Mapping[Any, Any],
        keys: Mapping[str, Any],
        previous: Mapping[str, Any] | None,
        capture: Collection[str],
        last_run: LastRun | None,
    ) -> None:
        """Announces the run to the server, and begins to capture its environment.

        ``previous``: the document of the run that it continues; ``last_run``: where its id is
        written for ``resume="auto"``.
        """
        self._last_run = last_run
        if last_run is not None:
            last_run.write(self.id)
        self.resumed = previous is not None
        before = previous.get("config") if previous is not None else None
        self.config._values.update({**(before if isinstance(before, dict) else {}), **config})
        self._client.announce(self.project, self._key, self._name)
        if self._mode == "online" and not self._is_server_named:
            _server.offer_server()
        document: dict[str, Any] = {
            "status": "running",
            "interval": heartbeats.INTERVAL_S,
            **recorder.first_keys(capture),
            **json_types.to_json(dict(keys)),
        }
        if previous is None:
            document["name"] = self._name
            document["startedAt"] = _run_keys.iso_time(self.start_time)
        if self.config:
            document["config"] = self._config_as_json()
        if self.resumed:
            document.update({"endedAt": None, "exit": None})
        self._patch(document)
        self._client.heartbeats.start(self._key)
        if self._mode != "disabled":
            _run_end.add(self)
            self._recorder = recorder.Recorder(
                CaptureSink(self._client, self._key, self.start_time), capture
            )

    # ---- what is logged --------------------------------------------------------------------------

    def define_metric(
        self, name: Any, step_metric: Any = None, step_sync: Any = None, **others: Any
    ) -> Any:
        """The step of the metrics ``name``, which may hold ``*``, is the value of another metric.

        ``summary``, ``goal`` and further arguments of Weights & Biases are ignored.
        """
        del step_sync, others
        if step_metric is not None:
            self._step_metrics.define(name, getattr(step_metric, "name", step_metric))
            self._patch({"stepMetrics": self._step_metrics.as_dict()})
            # Metrics with a fast path have the step of their call.
            self._fast_paths.clear()
        return NoOp(name=name)

    def _series(self, metrics: list[str]) -> list[tuple[str, str]]:
        known = set(metrics)
        return [("", self._sent_name(name, known)) for name in metrics]

    @staticmethod
    def _sent_name(name: str, known: Collection[str]) -> str:
        """The name under which a metric is sent: ``step`` and ``time`` mean something else."""
        sent = name
        while sent in _RESERVED or (sent != name and sent in known):
            sent = f"script/{sent}"
        return sent

    def _write_numbers(
        self, numbers: Mapping[str, float], named: Mapping[Any, Any], step: float, now: float
    ) -> None:
        self.summary._record(numbers, now)
        moved = self._step_metrics.steps(numbers, self.summary)
        # A fast path would give the step of the call to each later call, when the value of the
        # step metric may be known.
        if not moved and not any(map(self._step_metrics.of, numbers)):
            super()._write_numbers(numbers, named, step, now)
            return
        groups: dict[float, dict[str, float]] = {}
        for name, value in numbers.items():
            groups.setdefault(moved.get(name, step), {})[name] = value
        for at, group in groups.items():
            series, values = self._series(list(group)), list(group.values())
            self._client.points(series, now, [at], [values], self._key)

    def _write(self, found: Metrics, named: Mapping[Any, Any], step: float, now: float) -> None:
        super()._write(found, named, step, now)
        if not _run_end.forget_exit():
            self.report_next_log()

    def report_next_log(self) -> None:
        """The next ``log`` comes to :meth:`_write`."""
        self._fast_paths.clear()

    def _show_media(self, name: str, media: Media, step: float, now: float) -> None:
        media._show(RunValues(self._client, self._key, step, now), self._sent_name(name, ()))

    def _send_config(self) -> None:
        self._patch({"config": self._config_as_json()})

    def _config_as_json(self) -> Any:
        return redact(to_bounded_json(self.config.as_dict(), "config"))

    def _send_summary(self, values: Mapping[str, Any]) -> None:
        self._patch({"summary": redact(to_bounded_json(values, "summary"))})

    def _patch(self, keys: dict[str, Any]) -> None:
        self._client.patch_run(self._key, keys)

    # ---- the document ----------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The run's name; setting it renames the run."""
        return self._name

    @name.setter
    def name(self, name: Any) -> None:
        self._name = names.to_name(name)
        self._patch({"name": self._name})

    @property
    def tags(self) -> tuple[str, ...]:
        """The run's tags; setting them replaces all."""
        return self._tags

    @tags.setter
    def tags(self, tags: Any) -> None:
        self._tags = _run_keys.to_tags(tags)
        self._patch({"tags": list(self._tags)})

    @property
    def notes(self) -> str | None:
        """Markdown about the run; may be set."""
        return self._notes

    @notes.setter
    def notes(self, notes: Any) -> None:
        self._notes = None if notes is None else _run_keys.to_notes(notes)
        self._patch({"notes": self._notes})

    @property
    def board(self) -> Board:
        """The board of the run, for cells that belong to no run."""
        if self._board is None:
            self._board = Board(self.project, url=self._url, spool=self._spool, mode=self._mode)
        return self._board

    @property
    def step(self) -> Any:
        """The step of the next :meth:`log` without one."""
        return self._next_step

    @property
    def url(self) -> str:
        """The address of the board, narrowed to the run."""
        return self.get_url()

    @property
    def mode(self) -> str:
        """``online``, ``offline`` or ``disabled``."""
        return self._mode

    @property
    def offline(self) -> bool:
        """Whether everything stays in the spool."""
        return self._mode == "offline"

    @property
    def disabled(self) -> bool:
        """Whether it sends nothing."""
        return self._mode == "disabled"

    # ---- reading back ----------------------------------------------------------------------------

    def history(self, metric: str) -> dict[str, list[float]]:
        """All points of a metric that the server has, in their order.

        Waits until what was logged is sent. Returns ``{"step": […], "value": […], "time": […]}``;
        :class:`agnez.Error` if the server does not answer, or has no such metric.
        """
        self.flush()
        return reading.history(self.project, self.id, self._sent_name(metric, ()), url=self._url)

    # ---- the end ---------------------------------------------------------------------------------

    def flush(self, timeout: float | None = 5) -> bool:
        """Waits until the server has answered everything that was logged. Returns whether it has.

        ``timeout``: seconds; None waits as long as it takes.
        """
        return self._client.flush(timeout)

    def mark(self, text: Any, *, step: Any = None, colour: int | None = None) -> None:
        """Marks a step on the charts of the board: ``run.mark("new learning rate")``.

        :param step: a finite number; without it the step of the next :meth:`log`.
        :param colour: one of the eight colours of series, 0 to 7.
        """
        at = convert.to_step(self._next_step if step is None else step)
        mark: dict[str, Any] = {"run": self.id, "step": at, "text": convert.to_title(text)}
        if not mark["text"]:
            raise ValueError("a mark needs a text: run.mark('new learning rate')")
        if colour is not None:
            if isinstance(colour, bool) or colour not in range(8):
                raise ValueError(f"a mark's colour is 0 to 7, not {colour!r}")
            mark["colour"] = int(colour)
        self._client.mark(self.project, mark)

    def finish(
        self,
        exit_code: int | None = None,
        quiet: bool | None = None,
        *,
        timeout: float | None = 5,
    ) -> None:
        """Ends the run, and sends what is left, within ``timeout`` seconds.

        With an ``exit_code`` other than 0 it has failed.
        """
        del quiet
        self._finish(_run_end.of_exit(exit_code), timeout)

    def _finish(self, end: End, timeout: float | None = 5) -> None:
        self.write_end(end)
        self._client.close(timeout)

    def write_end(self, end: End) -> None:
        """Writes the end into the spool, once. Does not wait for the server."""
        if self._is_finished:
            return
        self._is_finished = True
        if os.getpid() == self._pid:
            if self._recorder is not None:
                self._recorder.stop()
            self._client.heartbeats.stop(self._key)
            _run_end.discard(self)
            self._patch(_run_keys.from_end(end))
            if self._last_run is not None and end.status == "finished":
                self._last_run.remove()
        _active_run.deactivate(self)

    def mark_killed(self) -> None:
        """Writes that the process is being killed, in its signal handler."""
        self._patch(_run_keys.from_end(End("killed")))

    def __enter__(self) -> Run:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._finish(_run_end.of_exception(kind, error, trace))

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        for name in ("_client", "_fast_paths", "_fast_path_owner", "_recorder", "_last_run"):
            del state[name]
        return {**state, **credentials.token_for_child(self._url)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        secret = state.pop("token", None)
        self.__dict__.update(state)
        self._recorder = self._last_run = None
        # The process that began the run ends it.
        self._pid = -1
        self._left_as = None
        credentials.register_server(self._url, secret)
        self._use_client(Client.of(self._url, self._spool, self._mode))
        if _active_run.run is None:
            # In a child process, agnez.log continues with this run.
            _active_run.activate(self)
