"""The writing side of a spool: each call puts its record on disk, or in memory if disk fails."""

from __future__ import annotations

import itertools
import json
import secrets
import threading
import time
from base64 import b64encode
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Callable

from .._messages import warn_once
from . import paths, record
from .memory_buffer import MemoryBuffer
from .spool_dir import SpoolDir
from .wake_event import WakeEvent

#: How often a failed disk is tried again.
_RETRY_DISK_S = 1.0

#: A series: a cell's id and a name; of a run, an empty text and a metric's name.
Series = tuple[str, str]
#: What ``log`` needs to write a record of known series without this class: appends bytes to the
#: segment (ValueError once it is full or sealed), packs a record, the record's head and trailer,
#: and the spool.
FastPath = tuple[Callable[[bytes], int], Callable[..., bytes], bytes, int, "Spool"]


class Spool:
    """Everything that one process has to send to one server, until :meth:`end_writing`.

    Any thread may call any method. Writing methods return False after the end.
    """

    def __init__(
        self, url: str, root: str | None, cap: int, parent: str, cells: dict[str, dict[str, Any]]
    ) -> None:
        self.url = url
        self.parent = parent
        self.writer = secrets.token_hex(8)
        # Without zeros, which fill the space behind the records.
        self.sync = bytes(1 + byte % 255 for byte in secrets.token_bytes(4))
        self.lock = threading.RLock()
        self.wakeup = WakeEvent()
        #: Set while the sender waits for ``wakeup``.
        self.is_sender_asleep = False
        self.is_disk_failed = False
        self.memory = MemoryBuffer()
        self.cells = cells
        self.layouts: dict[int, record.Layout] = {}
        #: The boards of runs.
        self.run_boards: set[str] = set()
        self.dir: SpoolDir | None = None
        self._layout_numbers = itertools.count()
        self._numbers: dict[tuple[record.RunKey | None, tuple[Series, ...]], int] = {}
        self._is_ended = False
        self._retry_at = 0.0
        self._is_writing = False
        #: Records to write next, each with its number of points.
        self._queue: list[tuple[bytes, int]] = []
        metadata = {
            "agnez": 1,
            "url": url,
            "writer": self.writer,
            "sync": self.sync.hex(),
            "parent": parent,
        }
        for folder in (paths.spool_root(root), paths.fallback_root()):
            try:
                self.dir = SpoolDir(folder, metadata, cap)
                break
            except OSError as error:
                reason = error.strerror or error
                warn_once(f"root {folder}", f"The spool folder {folder} cannot be used ({reason}).")
        else:
            warn_once(
                "memory",
                "No folder takes the spool: what is logged stays in memory, "
                "and is lost if the process is killed.",
            )
            self.is_disk_failed = True
        for id, cell in list(cells.items()):
            self._define({"id": id, "cell": cell})

    @property
    def folder(self) -> Path | None:
        return self.dir.folder if self.dir else None

    # ---- writing ---------------------------------------------------------------------------------

    def cell(self, id: str, metadata: dict[str, Any]) -> None:
        """Defines the document of a cell, should it be missing. The first definition counts."""
        with self.lock:
            if id not in self.cells:
                # First: Ctrl+C between the two must not leave a cell that a replay cannot create.
                self._define({"id": id, "cell": metadata})
                self.cells[id] = metadata

    def points(
        self,
        series: Sequence[Series],
        time_s: float,
        steps: Iterable[float],
        rows: Iterable[Iterable[float]],
        run: record.RunKey | None = None,
    ) -> bool:
        """Writes one row for each step: one value for each series."""
        with self.lock:
            if self._is_ended:
                return False
            layout = self._layout(tuple(series), run)
            for step, row in zip(steps, rows):
                self._write(layout.row(self.sync, time_s, step, row), len(layout.parts))
        self._wake_sender()
        return True

    def fast_path(
        self, series: Sequence[Series], run: record.RunKey | None = None
    ) -> FastPath | None:
        """The fast path for these series; None while records cannot go to the disk."""
        with self.lock:
            if self._is_ended or self.is_disk_failed or self.dir is None:
                return None
            layout = self._layout(tuple(series), run)
            return self.dir.write, layout.struct.pack, layout.head(self.sync), layout.trailer, self

    def change(
        self,
        target: dict[str, Any],
        keys: dict[str, Any],
        *,
        picture: bytes | None = None,
        kind: str = "",
    ) -> bool:
        """Writes a change of a target's keys, which are JSON types; :mod:`.record` has the targets.

        ``picture``: the bytes of the value, of the media type ``kind``.
        """
        if picture is None:
            data = record.encode_change(self.sync, target, keys)
            is_large = len(data) > record.CHANGE_BYTES and "value" in keys
        else:
            data, is_large = b"", len(picture) * 4 // 3 > record.CHANGE_BYTES
        with self.lock:
            if self._is_ended:
                return False
            if "run" in target:
                self.run_boards.add(target["run"][0])
            if (
                is_large
                and self.dir is not None
                and (not self.is_disk_failed or self._retry_disk())
            ):
                value = picture
                if value is None:
                    text = json.dumps(keys["value"], separators=(",", ":"), allow_nan=False)
                    value = text.encode()
                name = self.dir.store_value(value)
                if name is not None:
                    rest = {key: item for key, item in keys.items() if key != "value"}
                    file = {"name": name} if picture is None else {"name": name, "media": kind}
                    data = record.encode_change(self.sync, target, {**rest, "file": file})
            if not data and picture is not None:
                uri = f"data:{kind};base64,{b64encode(picture).decode()}"
                data = record.encode_change(self.sync, target, {**keys, "value": uri})
            self._write(data, 0)
        self._wake_sender()
        return True

    def end_writing(self) -> None:
        """Later records belong to another spool."""
        with self.lock:
            self._is_ended = True
            if self.dir is not None:
                self.dir.seal()

    def dropped(self) -> dict[str, int]:
        """How many values will never be on the board, by reason."""
        with self.lock:
            dropped = dict(self.memory.dropped)
            if self.dir is not None:
                dropped["changes"] += self.dir.dropped
            return dropped

    def _wake_sender(self) -> None:
        if self.is_sender_asleep:
            self.wakeup.set()

    def _layout(self, series: tuple[Series, ...], run: record.RunKey | None) -> record.Layout:
        """The layout of these series, defined on disk before the first record uses it."""
        number = self._numbers.get((run, series))
        if number is None:
            number = next(self._layout_numbers)
            definition = {"layout": number, "series": series}
            self._define(definition if run is None else {**definition, "run": run})
            self.layouts[number] = record.Layout(number, list(series), run)
            self._numbers[run, series] = number
            if run is not None:
                self.run_boards.add(run[0])
        return self.layouts[number]

    def _define(self, definition: dict[str, Any]) -> None:
        if self.dir is None:
            return
        try:
            self.dir.append_definition(definition)
        except OSError as error:
            self._disk_failed(error)

    def _write(self, data: bytes, points: int) -> None:
        self._queue.append((data, points))
        if self._is_writing:
            # A signal handler: the call that it interrupted writes the queue.
            return
        self._is_writing = True
        try:
            while self._queue:
                self._store(*self._queue.pop(0))
        finally:
            self._is_writing = False

    def _store(self, data: bytes, points: int) -> None:
        if self.dir is not None and (not self.is_disk_failed or self._retry_disk()):
            try:
                self.dir.append(data)
                return
            except OSError as error:
                self._disk_failed(error)
        self.memory.append(data, points)

    # ---- a failed disk ---------------------------------------------------------------------------

    def _disk_failed(self, error: OSError) -> None:
        warn_once(
            "disk",
            f"The spool {self.folder} takes no more ({error.strerror or error}): "
            "what is logged is kept in memory as long as there is room.",
        )
        self.is_disk_failed = True
        self._retry_at = time.monotonic() + _RETRY_DISK_S
        if self.dir is not None:
            # Ends the fast paths.
            self.dir.seal()

    def _retry_disk(self) -> bool:
        """Tries a failed disk again, once a second. Records in memory go first, in order."""
        if time.monotonic() < self._retry_at or self.dir is None:
            return False
        try:
            self.dir.append_definition()
            self.dir.rotate()
            while self.memory.records:
                self.dir.append(self.memory.records[0])
                self.memory.pop()
        except OSError as error:
            self._disk_failed(error)
            return False
        self.is_disk_failed = False
        return True

    # ---- for the sender --------------------------------------------------------------------------

    @property
    def is_interrupted(self) -> bool:
        """Whether this thread is inside a write, which a signal handler interrupted.

        Until the handler returns, nothing can be sent.
        """
        return bool(getattr(self.lock, "_is_owned")())  # noqa: B009 - unknown to type checkers

    def end(self) -> tuple[int, int] | None:
        """The position after the last record, segment and byte; None while memory holds records."""
        with self.lock:
            if self.memory.records or self.is_disk_failed or self.dir is None:
                return None
            return self.dir.end()

    def take_from_memory(self, limit: int) -> bytes:
        """Takes about ``limit`` bytes of whole records that the disk did not take."""
        with self.lock:
            return self.memory.take(limit)

    def give_back(self, data: bytes) -> None:
        """Returns the unused end of :meth:`take_from_memory`."""
        with self.lock:
            self.memory.give_back(data)

    def prepare(self) -> None:
        """Allocates disk space ahead of the writers."""
        with self.lock:
            if self.dir is not None and not self.is_disk_failed and not self._is_ended:
                self.dir.prepare()

    def forget(self, *, segment: int | None = None, file: str | None = None) -> None:
        """A segment or a value file was sent."""
        with self.lock:
            if self.dir is None:
                return
            if segment is not None:
                self.dir.forget_segment(segment)
            if file is not None:
                self.dir.files.pop(file, None)

    def trim(self) -> None:
        """Frees unused disk space. Only when nobody writes or reads any more."""
        if self.dir is not None and self._is_ended:
            self.dir.trim()

    def after_fork(self) -> None:
        """In the child of a fork: releases the parent's files without changing them."""
        if self.dir is not None:
            self.dir.lock.release()
            self.dir.close()

    def release(self) -> None:
        """The sender has ended: another process may replay the folder."""
        if self.dir is not None:
            self.dir.lock.release()
