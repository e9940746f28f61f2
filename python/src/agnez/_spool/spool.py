"""The writing side of a spool: every call puts its record on disk and returns; where the disk takes nothing, memory does for a while."""

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

from .._log import warn_once
from . import paths, record
from .event import WakeEvent
from .memory_buffer import MemoryBuffer
from .spool_dir import SpoolDir

#: The disk is tried again so often.
_RETRY_DISK_S = 1.0

#: A series: a cell's id and a name.
Series = tuple[str, str]
#: What a call of ``log`` needs for its series: puts bytes into the segment, makes a record's bytes; marker, layout's number and tail; the
#: spool. When the segment is full, or is left for another reason, the first raises ValueError.
FastPath = tuple[Callable[[bytes], int], Callable[..., bytes], bytes, int, int, "Spool"]


class Spool:
    """What one process has to send to one server, from the first record until :meth:`end_writing`. Any thread may call any method;
    those that write answer whether they did, and do not after that end."""

    def __init__(
        self, url: str, root: str | None, cap: int, parent: str, cells: dict[str, dict[str, Any]]
    ) -> None:
        self.url = url
        self.parent = parent
        self.writer = secrets.token_hex(8)
        # Without zeros: they stand where no record is.
        self.sync = bytes(1 + byte % 255 for byte in secrets.token_bytes(4))
        self.lock = threading.RLock()
        self.wakeup = WakeEvent()
        #: Set while the sender waits for ``wake``.
        self.is_sender_asleep = False
        self.is_disk_failed = False
        #: ImageArray that are not on the board and never will be.
        self.memory = MemoryBuffer()
        self.cells = cells
        self.layouts: dict[int, record.Layout] = {}
        self.dir: SpoolDir | None = None
        self._layout_numbers = itertools.count()
        self._numbers: dict[tuple[Series, ...], int] = {}
        self._is_ended = False
        self._retry_at = 0.0
        self._is_writing = False
        #: Records, and how many points each holds, that are written next.
        self._queue: list[tuple[bytes, int]] = []
        about = {
            "agnez": 1,
            "url": url,
            "writer": self.writer,
            "sync": self.sync.hex(),
            "parent": parent,
        }
        for folder in (paths.spool_root(root), paths.fallback_root()):
            try:
                self.dir = SpoolDir(folder, about, cap)
                break
            except OSError as error:
                warn_once(
                    f"root {folder}",
                    f"The spool folder {folder} cannot be used ({error.strerror or error}).",
                )
        else:
            warn_once(
                "memory",
                "No folder takes the spool: what is logged stays in memory, and is lost if the process is killed.",
            )
            self.is_disk_failed = True
        for id, cell in list(cells.items()):
            self._define({"id": id, "cell": cell})

    @property
    def folder(self) -> Path | None:
        return self.dir.folder if self.dir else None

    # ---- what is written -------------------------------------------------------------------------------------------

    def cell(self, id: str, about: dict[str, Any]) -> None:
        """Says with what a cell is created where the server has none of this id. The first word counts."""
        with self.lock:
            if id not in self.cells:
                # First: Ctrl+C between the two must not leave a cell that a replay does not know.
                self._define({"id": id, "cell": about})
                self.cells[id] = about

    def points(
        self,
        series: Sequence[Series],
        time_s: float,
        steps: Iterable[float],
        rows: Iterable[Iterable[float]],
    ) -> bool:
        """Writes a row of one value for each series for each step."""
        with self.lock:
            if self._is_ended:
                return False
            layout = self._layout(tuple(series))
            for step, row in zip(steps, rows):
                self._put(layout.row(self.sync, time_s, step, row), len(layout.parts))
        self._call()
        return True

    def fast_path(self, series: Sequence[Series]) -> FastPath | None:
        """The form of records for these series. Nothing while records cannot go to the disk."""
        with self.lock:
            if self._is_ended or self.is_disk_failed or self.dir is None:
                return None
            layout = self._layout(tuple(series))
            return (
                self.dir.write,
                layout.struct.pack,
                self.sync,
                layout.number,
                layout.trailer,
                self,
            )

    def patch(
        self, id: str, keys: dict[str, Any], *, picture: bytes | None = None, kind: str = ""
    ) -> bool:
        """Writes a change of a cell's keys, JSON's own types. ``picture``: the bytes of its value, of this media type."""
        if picture is None:
            data = record.encode_change(self.sync, id, keys)
            is_large = len(data) > record.CHANGE_BYTES and "value" in keys
        else:
            data, is_large = b"", len(picture) * 4 // 3 > record.CHANGE_BYTES
        with self.lock:
            if self._is_ended:
                return False
            if (
                is_large
                and self.dir is not None
                and (not self.is_disk_failed or self._retry_disk())
            ):
                value = (
                    picture
                    if picture is not None
                    else json.dumps(keys["value"], separators=(",", ":"), allow_nan=False).encode()
                )
                name = self.dir.keep(value)
                if name is not None:
                    rest = {key: item for key, item in keys.items() if key != "value"}
                    file = {"name": name} if picture is None else {"name": name, "media": kind}
                    data = record.encode_change(self.sync, id, {**rest, "file": file})
            if not data and picture is not None:
                data = record.encode_change(
                    self.sync,
                    id,
                    {**keys, "value": f"data:{kind};base64,{b64encode(picture).decode()}"},
                )
            self._put(data, 0)
        self._call()
        return True

    def end_writing(self) -> None:
        """What is written from now on belongs into another spool."""
        with self.lock:
            self._is_ended = True
            if self.dir is not None:
                self.dir.seal()

    def dropped(self) -> dict[str, int]:
        """What is not on the board and never will be: how many of each reason."""
        with self.lock:
            dropped = dict(self.memory.dropped)
            if self.dir is not None:
                dropped["changes"] += self.dir.dropped
            return dropped

    def _call(self) -> None:
        if self.is_sender_asleep:
            self.wakeup.set()

    def _layout(self, series: tuple[Series, ...]) -> record.Layout:
        """The layout for these series, told to readers before the first record has it."""
        number = self._numbers.get(series)
        if number is None:
            number = next(self._layout_numbers)
            self._define({"layout": number, "series": series})
            self.layouts[number] = record.Layout(number, list(series))
            self._numbers[series] = number
        return self.layouts[number]

    def _define(self, what: dict[str, Any]) -> None:
        if self.dir is None:
            return
        try:
            self.dir.tell(what)
        except OSError as error:
            self._disk_failed(error)

    def _put(self, data: bytes, points: int) -> None:
        self._queue.append((data, points))
        if self._is_writing:
            # From a signal's handler: the call that it has interrupted goes on with it.
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
                self.dir.put(data)
                return
            except OSError as error:
                self._disk_failed(error)
        self.memory.keep(data, points)

    # ---- when the disk takes nothing -------------------------------------------------------------------------------

    def _disk_failed(self, error: OSError) -> None:
        warn_once(
            "disk",
            f"The spool {self.folder} takes no more ({error.strerror or error}): what is logged is kept in memory as long as there is room.",
        )
        self.is_disk_failed = True
        self._retry_at = time.monotonic() + _RETRY_DISK_S
        if self.dir is not None:
            # From now on each call takes the long way.
            self.dir.seal()

    def _retry_disk(self) -> bool:
        """Tries the disk again, at times. What memory holds goes there first, so that the order stays."""
        if time.monotonic() < self._retry_at or self.dir is None:
            return False
        try:
            self.dir.tell()
            self.dir.rotate()
            while self.memory.records:
                self.dir.put(self.memory.records[0])
                self.memory.pop()
        except OSError as error:
            self._disk_failed(error)
            return False
        self.is_disk_failed = False
        return True

    # ---- for the sender --------------------------------------------------------------------------------------------

    @property
    def is_interrupted(self) -> bool:
        """Whether this thread is in the middle of a write: a signal's handler asks. Until it returns, nothing can be sent."""
        return bool(self.lock._is_owned())

    def end(self) -> tuple[int, int] | None:
        """The place after the last record, a segment and a byte; nothing while some go through memory."""
        with self.lock:
            return (
                None
                if self.memory.records or self.is_disk_failed or self.dir is None
                else self.dir.end()
            )

    def take_from_memory(self, most: int) -> bytes:
        """About ``most`` bytes of whole records that the disk did not take."""
        with self.lock:
            return self.memory.take(most)

    def give_back(self, data: bytes) -> None:
        """Of :meth:`take_from_memory`, what is for a later batch."""
        with self.lock:
            self.memory.give_back(data)

    def prepare(self) -> None:
        """Makes room ahead of the writers."""
        with self.lock:
            if self.dir is not None and not self.is_disk_failed and not self._is_ended:
                self.dir.prepare()

    def forget(self, *, segment: int | None = None, file: str | None = None) -> None:
        """What was sent makes room."""
        with self.lock:
            if self.dir is None:
                return
            if segment is not None:
                self.dir.forget(segment)
            if file is not None:
                self.dir.files.pop(file, None)

    def trim(self) -> None:
        """Gives back the room on disk that no record has. Only when nobody writes or reads any more."""
        if self.dir is not None and self._is_ended:
            self.dir.trim()

    def after_fork(self) -> None:
        """In the child of a fork: lets go of what is the parent's, and changes nothing of it."""
        if self.dir is not None:
            self.dir.lock.drop()
            self.dir.close()

    def release(self) -> None:
        """Nobody sends from it any more: the folder may be replayed."""
        if self.dir is not None:
            self.dir.lock.drop()
