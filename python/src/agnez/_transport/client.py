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

from .. import _log
from .._log import warn_once
from .._spool import paths
from .._spool.memory_buffer import DROP_REASONS
from .._spool.spool import FastPath, Series, Spool
from .._values import convert
from .replay import replay
from .sender import Sender

#: Of everything that waits to be sent by one process to one server.
SPOOL_BYTES = 1 << 30
#: The server takes bodies of 16 MiB, and values of 8 MiB that are no pictures.
_MEDIA_BYTES = 11 << 20
_VALUE_BYTES = 8 << 20
EXIT_S = 5.0

_clients: dict[tuple[str, str, str], Client] = {}
_lock = threading.RLock()


class FastPaths(dict[tuple[str, ...], FastPath]):
    """The forms that a board has for the names of its metrics; emptied in the child of a fork."""

    __slots__ = ("__weakref__",)
    __hash__ = object.__hash__  # type: ignore[assignment]


class Client:
    """Shared by all boards of a process that write to the same server. The first record opens its spool."""

    def __init__(self, url: str, root: str | None, cap: int, is_offline: bool = False) -> None:
        self.url = url
        self._root = root
        #: Everything stays in the spool, for a replay.
        self._is_offline = is_offline
        self._cap = cap
        self._parent = ""
        self._cells: dict[str, dict[str, Any]] = {}
        self._fast_paths: weakref.WeakSet[FastPaths] = weakref.WeakSet()
        self._lock = threading.RLock()
        #: That of the newest form.
        self._write: Callable[[bytes], int] | None = None
        self._spool: Spool | None = None
        self._sender: Sender | None = None

    @staticmethod
    def of(url: str, root: str | None, mode: str = "online") -> Client:
        if mode == "disabled":
            return DisabledClient(url, root, 0)
        cap = int(float(os.environ.get("AGNEZ_SPOOL_MIB", SPOOL_BYTES >> 20)) * (1 << 20))
        with _lock:
            return _clients.setdefault(
                (url, str(paths.spool_root(root)), mode), Client(url, root, cap, mode == "offline")
            )

    @property
    def spool(self) -> Spool:
        """The open spool; opens one, and starts its sender, where there is none."""
        spool = self._spool
        if spool is not None:
            return spool
        with self._lock:
            if self._spool is None:
                made = Spool(self.url, self._root, self._cap, self._parent, self._cells)
                if self._spool is not None:
                    # A signal's handler has been here meanwhile.
                    made.release()
                    if made.folder is not None:
                        shutil.rmtree(made.folder, ignore_errors=True)
                    return self._spool
                self._spool = made
                try:
                    self._sender = None if self._is_offline else Sender(self._spool)
                except (RuntimeError, OSError) as error:
                    warn_once(
                        "thread",
                        f"The sender cannot be started ({error}). What is logged stays in the spool {self._spool.folder}.",
                    )
                _register_multiprocessing_finalizer()
                try:
                    self._warn_abandoned(self._spool)
                except Exception as error:  # Whatever others have left there.
                    warn_once(
                        "mention",
                        f"The folder of spools cannot be looked through ({type(error).__name__}: {error}).",
                    )
            return self._spool

    def _warn_abandoned(self, spool: Spool) -> None:
        """Tells once that there are spools that nobody sends."""
        if spool.folder is None:
            return
        own = [client._spool for client in list(_clients.values()) if client._spool is not None]
        mine, family = (
            {one.folder for one in own},
            {name for one in own for name in (one.writer, one.parent) if name},
        )
        root = spool.folder.parent
        others = [
            folder
            for folder in paths.list_spools(root)[-1000:]
            if folder not in mine and str(paths.read_metadata(folder).get("parent")) not in family
        ]
        old = sum(1 for folder in others if next(paths.abandoned_spools(folder), None))
        if old:
            warn_once(
                "old",
                f"{old} earlier runs left values unsent in {root}: `python -m agnez replay {root}` sends them.",
            )

    # ---- what is logged ------------------------------------------------------------------------------------------

    def new_fast_paths(self) -> FastPaths:
        """Of one board, for the short way of its ``log``."""
        forms = FastPaths()
        with self._lock:
            self._fast_paths.add(forms)
        return forms

    def fast_path(self, series: Sequence[Series]) -> FastPath | None:
        """For the short way of ``log``; nothing while records cannot go to the disk."""
        form = self.spool.fast_path(series)
        if form is not None and form[0] is not self._write:
            # A new segment: forms that are seldom used would hold the ones before it open.
            with self._lock:
                self._write = form[0]
                self._clear_fast_paths()
        return form

    def _clear_fast_paths(self) -> None:
        for forms in list(self._fast_paths):
            forms.clear()

    def cell(self, id: str, about: dict[str, Any]) -> None:
        """Says with what a cell is created where the server has none of this id. The first word counts."""
        with self._lock:
            if self._spool is not None:
                self._spool.cell(id, about)
            self._cells.setdefault(id, about)

    def points(
        self,
        series: Sequence[Series],
        time_s: float,
        steps: Sequence[float],
        rows: Sequence[Iterable[float]],
    ) -> None:
        """A value for each series for each step."""
        self._put(lambda spool: spool.points(series, time_s, steps, rows))

    def patch(self, id: str, keys: dict[str, Any]) -> None:
        """Changes keys of a cell: a PATCH. ``keys`` holds JSON's own types."""
        value = keys.get("value")
        # Texts alone: what is built of numbers has limits of its own, which the server tells.
        if isinstance(value, str) and len(value) > _VALUE_BYTES:
            self._drop_too_large(id, len(value), _VALUE_BYTES)
            return
        self._put(lambda spool: spool.patch(id, keys))

    def patch_image(self, id: str, keys: dict[str, Any], content: bytes, kind: str) -> None:
        """Changes a cell's value to a picture, and other keys with it."""
        if len(content) > _MEDIA_BYTES:
            self._drop_too_large(id, len(content), _MEDIA_BYTES)
            return
        self._put(lambda spool: spool.patch(id, keys, picture=content, kind=kind))

    def _put(self, put: Callable[[Spool], bool]) -> None:
        # It may be closed by another thread meanwhile: then that one is let go on, and the next spool is taken.
        while not put(self.spool):
            time.sleep(0)

    def skip(self, count: int) -> None:
        """Counts values that cannot be shown."""
        spool = self.spool
        with spool.lock:
            spool.memory.dropped["odd"] += count

    def _drop_too_large(self, id: str, size: int, most: int) -> None:
        spool = self.spool
        with spool.lock:
            spool.memory.dropped["large"] += 1
        warn_once(
            f"large {id}",
            f"A value of the cell {id} was dropped: it has {size / 2**20:.1f} MiB, the server takes {most / 2**20:.0f}.",
        )

    # ---- the end -------------------------------------------------------------------------------------------------

    def flush(self, timeout: float | None) -> bool:
        seconds, sender = convert.to_timeout(timeout), self._sender
        if sender is None:
            return self._spool is None
        return sender.flush(seconds)

    def close(self, timeout: float | None) -> bool:
        """Sends what is left, at most ``timeout`` seconds long; whether all of it was sent. What is logged later begins a new spool."""
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
        lost = ", ".join(
            f"{count} {DROP_REASONS[what]}" for what, count in spool.dropped().items() if count
        )
        if lost:
            _log.warn(f"Not sent: {lost}.")
        if spool.folder is not None and spool.folder.exists():
            what = (
                "What the server refused is" if was_sent else "Not everything was sent. The rest is"
            )
            _log.warn(
                f"{what} in {spool.folder}: `python -m agnez replay {spool.folder}{' --refused' if was_sent else ''}` sends it."
            )
        return was_sent

    def _send_children(self, root: Path, writer: str, until: float) -> None:
        """Sends what forked children left behind that ended without a word (``os._exit``, a worker that was killed)."""
        for folder in paths.list_spools(root):
            told, left = paths.read_metadata(folder), until - time.monotonic()
            if told.get("parent") == writer and told.get("pid") != os.getpid() and left > 0.5:
                try:
                    replay(folder, timeout=min(left, 1.0))
                except Exception:  # Whatever it holds: it stays, and a replay says what it is.
                    continue

    def after_fork(self) -> None:
        """In the child of a fork: what is the parent's stays the parent's, and the child begins a spool of its own when it logs."""
        self._lock = threading.RLock()
        if self._spool is not None:
            self._parent = self._spool.writer
            self._spool.after_fork()
        if self._sender is not None:
            self._sender.after_fork()
        self._spool = self._sender = self._write = None
        self._cells = dict(self._cells)
        # They write into the parent's segment.
        self._clear_fast_paths()


class DisabledClient(Client):
    """Sends nothing and writes nothing: for a run that is switched off. Wrong arguments still raise."""

    def fast_path(self, series: Sequence[Series]) -> FastPath | None:
        return None

    def cell(self, id: str, about: dict[str, Any]) -> None:
        return

    def points(
        self,
        series: Sequence[Series],
        time_s: float,
        steps: Sequence[float],
        rows: Sequence[Iterable[float]],
    ) -> None:
        return

    def patch(self, id: str, keys: dict[str, Any]) -> None:
        return

    def patch_image(self, id: str, keys: dict[str, Any], content: bytes, kind: str) -> None:
        return

    def skip(self, count: int) -> None:
        return

    def flush(self, timeout: float | None) -> bool:
        return convert.to_timeout(timeout) >= 0

    def close(self, timeout: float | None) -> bool:
        return convert.to_timeout(timeout) >= 0


def close_all(timeout: float = EXIT_S) -> None:
    """The end of the process: ``timeout`` seconds for all clients together."""
    until = time.monotonic() + timeout
    for client in list(_clients.values()):
        client.close(max(0.2, until - time.monotonic()))


def _after_fork_in_child() -> None:
    global _lock
    _lock = threading.RLock()
    _log.after_fork()
    for client in list(_clients.values()):
        client.after_fork()


def _register_multiprocessing_finalizer() -> None:
    """Children of ``multiprocessing`` leave without ``atexit``; they have finalizers of their own."""
    process = sys.modules.get("multiprocessing.process")
    util: Any = sys.modules.get("multiprocessing.util")
    if process is not None and util is not None and process.parent_process() is not None:
        util.Finalize(None, close_all, exitpriority=10)


def clients() -> list[Client]:
    return list(_clients.values())


atexit.register(close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
