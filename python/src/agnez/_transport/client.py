"""One process' connection to one server: its spool, its sender, and their end."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import threading
import time
import weakref
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Callable

from .. import _environment, _messages
from .._messages import warn_once
from .._spool import paths
from .._spool.memory_buffer import DROP_REASONS
from .._spool.record import RunKey
from .._spool.spool import FastPath, Series, Spool
from .._values import convert
from . import abandoned
from .announcements import Announcements
from .heartbeats import Heartbeats
from .replay import replay
from .sender import Sender

#: Limit of a spool, unless AGNEZ_SPOOL_MIB sets another.
SPOOL_BYTES = 1 << 30
#: The server takes bodies of 16 MiB, which base64 makes 12 of, and other values of 8 MiB.
_MEDIA_BYTES = 11 << 20
_VALUE_BYTES = 8 << 20
#: How long the end of the process waits for the server.
EXIT_S = 5.0

_clients: dict[tuple[str, str, str], Client] = {}
_lock = threading.RLock()


class FastPaths:
    """The fast paths of one board, by the names of a call's metrics.

    The client empties the dict when they no longer write to the newest segment.
    """

    __slots__ = ("__weakref__", "by_names")

    def __init__(self) -> None:
        self.by_names: dict[tuple[str, ...], tuple[Any, ...]] = {}


class Client:
    """Shared by all boards of a process that write to one server.

    The first record opens the spool and starts the sender.
    """

    def __init__(self, url: str, root: str | None, cap: int, is_offline: bool = False) -> None:
        self.url = url
        self._root = root
        #: Everything stays in the spool, for a replay.
        self._is_offline = is_offline
        self._cap = cap
        #: Writer of the parent process' spool, after a fork.
        self._parent = ""
        self._cells: dict[str, dict[str, Any]] = {}
        self._announcements = Announcements(url, paths.spool_root(root) if is_offline else None)
        self._fast_paths: weakref.WeakSet[FastPaths] = weakref.WeakSet()
        self._lock = threading.RLock()
        #: `write` of the segment that the fast paths use.
        self._write: Callable[[bytes], int] | None = None
        self._spool: Spool | None = None
        self._sender: Sender | None = None
        self.heartbeats = Heartbeats()

    @staticmethod
    def of(url: str, root: str | None, mode: str = "online") -> Client:
        """The process' client for a server, a spool folder and a mode."""
        if mode == "disabled":
            return DisabledClient(url, root, 0)
        cap = int(float(os.environ.get("AGNEZ_SPOOL_MIB", SPOOL_BYTES >> 20)) * (1 << 20))
        key = (url, str(paths.spool_root(root)), mode)
        with _lock:
            return _clients.setdefault(key, Client(url, root, cap, mode == "offline"))

    @property
    def spool(self) -> Spool:
        """The open spool; opens one, and starts its sender, if there is none."""
        spool = self._spool
        if spool is not None:
            return spool
        with self._lock:
            if self._spool is None:
                opened = Spool(self.url, self._root, self._cap, self._parent, self._cells)
                if self._spool is not None:
                    # A signal handler that logs opened another one meanwhile.
                    opened.release()
                    if opened.folder is not None:
                        shutil.rmtree(opened.folder, ignore_errors=True)
                    return self._spool
                self._spool = opened
                try:
                    self._sender = (
                        None if self._is_offline else Sender(self._spool, self.heartbeats)
                    )
                except (RuntimeError, OSError) as error:
                    warn_once(
                        "thread",
                        f"The sender cannot be started ({error}). "
                        f"What is logged stays in the spool {self._spool.folder}.",
                    )
                _register_multiprocessing_finalizer()
                try:
                    self._warn_abandoned(self._spool)
                except Exception as error:  # Of any file in the folder.
                    warn_once(
                        "abandoned",
                        "The folder of spools cannot be looked through "
                        f"({type(error).__name__}: {error}).",
                    )
            return self._spool

    def _warn_abandoned(self, spool: Spool) -> None:
        """Warns once about spools of earlier runs that nobody sends."""
        if spool.folder is None:
            return
        own = [client._spool for client in list(_clients.values()) if client._spool is not None]
        writers = {writer for one in own for writer in (one.writer, one.parent) if writer}
        abandoned.warn(spool.folder.parent, {one.folder for one in own if one.folder}, writers)

    def announce(self, board: str, run: RunKey | None = None, name: str = "") -> None:
        """Prints where the board is. ``run`` and ``name``: of a run that begins there."""
        self._announcements.announce(board, run, name)

    def print_totals(self) -> None:
        """At the end of the process: what its runs have logged."""
        self._announcements.print_totals()

    def retry_now(self) -> None:
        """A server was started: does not wait for the next attempt to reach it."""
        if self._sender is not None:
            self._sender.retry_now()

    # ---- what is logged --------------------------------------------------------------------------

    def new_fast_paths(self) -> FastPaths:
        """The fast paths of a new board."""
        fast_paths = FastPaths()
        with self._lock:
            self._fast_paths.add(fast_paths)
        return fast_paths

    def fast_path(self, series: Sequence[Series], run: RunKey | None = None) -> FastPath | None:
        """The fast path for these series; None while records cannot go to the disk."""
        path = self.spool.fast_path(series, run)
        if path is not None and path[0] is not self._write:
            # A new segment: fast paths that are seldom used would keep earlier segments open.
            with self._lock:
                self._write = path[0]
                self._clear_fast_paths()
        return path

    def _clear_fast_paths(self) -> None:
        for fast_paths in list(self._fast_paths):
            fast_paths.by_names.clear()

    def cell(self, id: str, metadata: dict[str, Any]) -> None:
        """Defines the document of a cell, should it be missing. The first definition counts."""
        with self._lock:
            if self._spool is not None:
                self._spool.cell(id, metadata)
            self._cells.setdefault(id, metadata)

    def points(
        self,
        series: Sequence[Series],
        time_s: float,
        steps: Sequence[float],
        rows: Sequence[Iterable[float]],
        run: RunKey | None = None,
    ) -> None:
        """Logs one row for each step: one value for each series."""
        self._put(lambda spool: spool.points(series, time_s, steps, rows, run))

    def patch(self, id: str, keys: dict[str, Any]) -> None:
        """Changes keys of a cell's document. ``keys`` holds JSON types."""
        self.change({"cell": id}, keys, f"cell {id}")

    def patch_image(self, id: str, keys: dict[str, Any], content: bytes, kind: str) -> None:
        """Changes a cell's value to a picture of the media type ``kind``, and other keys."""
        self.change_image({"cell": id}, keys, content, kind, f"cell {id}")

    def patch_run(self, run: RunKey, keys: dict[str, Any]) -> None:
        """Changes keys of a run's document. ``keys`` holds JSON types."""
        self.change({"run": run}, keys, f"run {run[1]}")

    def arrange(self, board: str, layout: dict[str, Any]) -> None:
        """Changes the layout of a board. ``layout`` holds JSON types."""
        self.change({"board": board, "part": "layout"}, layout, f"layout of the board {board}")

    def mark(self, board: str, mark: dict[str, Any]) -> None:
        """Adds a mark to the charts of a board. ``mark`` holds JSON types."""
        self.change({"board": board, "part": "marks"}, mark, f"mark on the board {board}")

    def change(self, target: dict[str, Any], keys: dict[str, Any], label: str) -> None:
        """Changes keys of a target; :mod:`agnez._spool.record` has the targets."""
        value = keys.get("value")
        # Only texts: numbers have limits of their own, which the server's refusal explains.
        if isinstance(value, str) and len(value) > _VALUE_BYTES:
            self._drop_too_large(label, len(value), _VALUE_BYTES)
            return
        self._put(lambda spool: spool.change(target, keys))

    def change_image(
        self, target: dict[str, Any], keys: dict[str, Any], content: bytes, kind: str, label: str
    ) -> None:
        """Changes a target's value to a picture of the media type ``kind``, and other keys."""
        if len(content) > _MEDIA_BYTES:
            self._drop_too_large(label, len(content), _MEDIA_BYTES)
            return
        self._put(lambda spool: spool.change(target, keys, picture=content, kind=kind))

    def _put(self, put: Callable[[Spool], bool]) -> None:
        # Another thread may be closing the spool: let it, then write to the next spool.
        while not put(self.spool):
            time.sleep(0)

    def count_unsupported(self, count: int) -> None:
        """Counts values that cannot be shown."""
        spool = self.spool
        with spool.lock:
            spool.memory.dropped["unsupported"] += count

    def _drop_too_large(self, label: str, size: int, limit: int) -> None:
        spool = self.spool
        with spool.lock:
            spool.memory.dropped["large"] += 1
        warn_once(
            f"large {label}",
            f"A value of the {label} was dropped: it has {size / 2**20:.1f} MiB, "
            f"the server takes {limit / 2**20:.0f}.",
        )

    # ---- the end ---------------------------------------------------------------------------------

    def flush(self, timeout: float | None) -> bool:
        """Waits until the server has answered everything. Returns whether it has."""
        seconds, sender = convert.to_timeout(timeout), self._sender
        if sender is None:
            return self._spool is None
        return sender.flush(seconds)

    def close(self, timeout: float | None) -> bool:
        """Flushes, ends the sender, and closes the spool. Returns whether everything was sent.

        Later records open a new spool.
        """
        until = time.monotonic() + convert.to_timeout(timeout)
        with self._lock:
            spool, sender = self._spool, self._sender
            self._spool = self._sender = None
            self._cells = dict(self._cells)
        if spool is None:
            return True
        spool.end_writing()
        with self._lock:
            self._write = None
            self._clear_fast_paths()
        was_sent = sender is not None and sender.flush(max(0.0, until - time.monotonic() - 0.2))
        if sender is not None:
            sender.stop(max(0.1, until - time.monotonic()))
        else:
            spool.trim()
            spool.release()
        if spool.folder is not None and not self._is_offline:
            self._send_children(spool.folder.parent, spool.writer, until)
        dropped = spool.dropped().items()
        losses = ", ".join(f"{count} {DROP_REASONS[key]}" for key, count in dropped if count)
        if losses:
            _messages.warn(f"Not sent: {losses}.")
        if spool.folder is not None and spool.folder.exists():
            problem = "Not everything was sent. The rest is"
            if was_sent:
                problem = "What the server refused is"
            command = f"python -m agnez replay {spool.folder}{' --refused' if was_sent else ''}"
            _messages.warn(f"{problem} in {spool.folder}: `{command}` sends it.")
        if sender is not None:
            self._announcements.print_delivered(sender, was_sent)
        return was_sent

    def _send_children(self, root: Path, writer: str, until: float) -> None:
        """Sends the spools of forked children that did not close theirs (``os._exit``, SIGKILL)."""
        for folder in paths.list_spools(root):
            metadata, left = paths.read_metadata(folder), until - time.monotonic()
            is_child = metadata.get("parent") == writer and metadata.get("pid") != os.getpid()
            if is_child and left > 0.5:
                try:
                    replay(folder, timeout=min(left, 1.0))
                except Exception:  # The spool stays, and `agnez replay` reports its problem.
                    continue

    def after_fork(self) -> None:
        """In the child of a fork: leaves the parent's spool alone, and opens an own one later."""
        self._lock = threading.RLock()
        if self._spool is not None:
            self._parent = self._spool.writer
            self._spool.after_fork()
        if self._sender is not None:
            self._sender.after_fork()
        self._spool = self._sender = self._write = None
        self._cells = dict(self._cells)
        self._announcements.clear()
        self.heartbeats.clear()
        # They write into the parent's segment.
        self._clear_fast_paths()


class DisabledClient(Client):
    """Writes and sends nothing: the mode ``disabled``. Wrong arguments still raise."""

    def announce(self, board: str, run: RunKey | None = None, name: str = "") -> None:
        return

    def fast_path(self, series: Sequence[Series], run: RunKey | None = None) -> FastPath | None:
        return None

    def cell(self, id: str, metadata: dict[str, Any]) -> None:
        return

    def _put(self, put: Callable[[Spool], bool]) -> None:
        return

    def _drop_too_large(self, label: str, size: int, limit: int) -> None:
        return

    def count_unsupported(self, count: int) -> None:
        return

    def flush(self, timeout: float | None) -> bool:
        return convert.to_timeout(timeout) >= 0

    def close(self, timeout: float | None) -> bool:
        return convert.to_timeout(timeout) >= 0


def close_all(timeout: float = EXIT_S) -> None:
    """Closes all clients at the end of the process, within ``timeout`` seconds together."""
    until = time.monotonic() + timeout
    for client in list(_clients.values()):
        try:
            client.close(max(0.2, until - time.monotonic()))
            client.print_totals()
        except Exception as error:  # Of this client: the others are closed.
            _messages.warn(f"{client.url} cannot be closed ({type(error).__name__}: {error}).")


def _after_fork_in_child() -> None:
    global _lock
    _lock = threading.RLock()
    _messages.after_fork()
    _environment.after_fork()
    for client in list(_clients.values()):
        client.after_fork()


def _register_multiprocessing_finalizer() -> None:
    """Children of ``multiprocessing`` end without ``atexit``; they have their own finalizers."""
    process = sys.modules.get("multiprocessing.process")
    util: Any = sys.modules.get("multiprocessing.util")
    if process is not None and util is not None and process.parent_process() is not None:
        util.Finalize(None, close_all, exitpriority=10)


def clients() -> list[Client]:
    """All clients of the process."""
    return list(_clients.values())


atexit.register(close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
