"""The writing side of a spool: every call puts its record on disk and returns; where the disk takes nothing, memory does for a while."""

from __future__ import annotations

import itertools
import json
import secrets
import threading
import time
from base64 import b64encode
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence, Tuple

from . import paths as place, record
from .spool_dir import Disk
from .memory_buffer import Overflow
from .._log import tell_once
from .event import Wake

#: The disk is tried again so often.
_RETRY_DISK_S = 1.0

#: A series: a cell's id and a name.
Series = Tuple[str, str]
#: What a call of ``log`` needs for its series: puts bytes into the segment, makes a record's bytes; marker, layout's number and tail; the
#: spool. When the segment is full, or is left for another reason, the first raises ValueError.
Form = Tuple[Callable[[bytes], int], Callable[..., bytes], bytes, int, int, "Spool"]


class Spool:
    """What one process has to send to one server, from the first record until :meth:`end_writing`. Any thread may call any method;
    those that write answer whether they did, and do not after that end."""

    def __init__(self, url: str, root: Optional[str], cap: int, parent: str, cells: Dict[str, Dict[str, Any]]) -> None:
        self.url = url
        self.parent = parent
        self.writer = secrets.token_hex(8)
        # Without zeros: they stand where no record is.
        self.sync = bytes(1 + byte % 255 for byte in secrets.token_bytes(4))
        self.lock = threading.RLock()
        self.wake = Wake()
        #: Set while the sender waits for ``wake``.
        self.asleep = False
        self.is_broken = False
        #: Values that are not on the board and never will be.
        self.overflow = Overflow()
        self.cells = cells
        self.layouts: Dict[int, record.Layout] = {}
        self.disk: Optional[Disk] = None
        self._layout_numbers = itertools.count()
        self._numbers: Dict[Tuple[Series, ...], int] = {}
        self._is_ended = False
        self._retry_at = 0.0
        self._is_writing = False
        #: Records, and how many points each holds, that are written next.
        self._late: List[Tuple[bytes, int]] = []
        about = {"agnez": 1, "url": url, "writer": self.writer, "sync": self.sync.hex(), "parent": parent}
        for folder in (place.spools(root), place.fallback()):
            try:
                self.disk = Disk(folder, about, cap)
                break
            except OSError as error:
                tell_once(f"root {folder}", f"The spool folder {folder} cannot be used ({error.strerror or error}).")
        else:
            tell_once("memory", "No folder takes the spool: what is logged stays in memory, and is lost if the process is killed.")
            self.is_broken = True
        for id, cell in list(cells.items()):
            self._define({"id": id, "cell": cell})

    @property
    def folder(self) -> Optional[Path]:
        return self.disk.folder if self.disk else None

    # ---- what is written -------------------------------------------------------------------------------------------

    def cell(self, id: str, about: Dict[str, Any]) -> None:
        """Says with what a cell is created where the server has none of this id. The first word counts."""
        with self.lock:
            if id not in self.cells:
                # First: Ctrl+C between the two must not leave a cell that a replay does not know.
                self._define({"id": id, "cell": about})
                self.cells[id] = about

    def points(self, series: Sequence[Series], time_s: float, steps: Iterable[float], rows: Iterable[Iterable[float]]) -> bool:
        """Writes a row of one value for each series for each step."""
        with self.lock:
            if self._is_ended:
                return False
            layout = self._layout(tuple(series))
            for step, row in zip(steps, rows):
                self._put(layout.row(self.sync, time_s, step, row), len(layout.parts))
        self._call()
        return True

    def form(self, series: Sequence[Series]) -> Optional[Form]:
        """The form of records for these series. Nothing while records cannot go to the disk."""
        with self.lock:
            if self._is_ended or self.is_broken or self.disk is None:
                return None
            layout = self._layout(tuple(series))
            return self.disk.write, layout.form.pack, self.sync, layout.number, layout.tail, self

    def change(self, id: str, keys: Dict[str, Any], *, picture: Optional[bytes] = None, kind: str = "") -> bool:
        """Writes a change of a cell's keys, JSON's own types. ``picture``: the bytes of its value, of this media type."""
        if picture is None:
            data = record.change(self.sync, id, keys)
            is_large = len(data) > record.CHANGE_BYTES and "value" in keys
        else:
            data, is_large = b"", len(picture) * 4 // 3 > record.CHANGE_BYTES
        with self.lock:
            if self._is_ended:
                return False
            if is_large and self.disk is not None and (not self.is_broken or self._mend()):
                value = picture if picture is not None else json.dumps(keys["value"], separators=(",", ":"), allow_nan=False).encode()
                name = self.disk.keep(value)
                if name is not None:
                    rest = {key: item for key, item in keys.items() if key != "value"}
                    file = {"name": name} if picture is None else {"name": name, "media": kind}
                    data = record.change(self.sync, id, {**rest, "file": file})
            if not data and picture is not None:
                data = record.change(self.sync, id, {**keys, "value": f"data:{kind};base64,{b64encode(picture).decode()}"})
            self._put(data, 0)
        self._call()
        return True

    def end_writing(self) -> None:
        """What is written from now on belongs into another spool."""
        with self.lock:
            self._is_ended = True
            if self.disk is not None:
                self.disk.seal()

    def dropped(self) -> Dict[str, int]:
        """What is not on the board and never will be: how many of each reason."""
        with self.lock:
            dropped = dict(self.overflow.dropped)
            if self.disk is not None:
                dropped["changes"] += self.disk.dropped
            return dropped

    def _call(self) -> None:
        if self.asleep:
            self.wake.set()

    def _layout(self, series: Tuple[Series, ...]) -> record.Layout:
        """The layout for these series, told to readers before the first record has it."""
        number = self._numbers.get(series)
        if number is None:
            number = next(self._layout_numbers)
            self._define({"layout": number, "series": series})
            self.layouts[number] = record.Layout(number, list(series))
            self._numbers[series] = number
        return self.layouts[number]

    def _define(self, what: Dict[str, Any]) -> None:
        if self.disk is None:
            return
        try:
            self.disk.tell(what)
        except OSError as error:
            self._break(error)

    def _put(self, data: bytes, points: int) -> None:
        self._late.append((data, points))
        if self._is_writing:
            # From a signal's handler: the call that it has interrupted goes on with it.
            return
        self._is_writing = True
        try:
            while self._late:
                self._place(*self._late.pop(0))
        finally:
            self._is_writing = False

    def _place(self, data: bytes, points: int) -> None:
        if self.disk is not None and (not self.is_broken or self._mend()):
            try:
                self.disk.put(data)
                return
            except OSError as error:
                self._break(error)
        self.overflow.keep(data, points)

    # ---- when the disk takes nothing -------------------------------------------------------------------------------

    def _break(self, error: OSError) -> None:
        tell_once("disk", f"The spool {self.folder} takes no more ({error.strerror or error}): what is logged is kept in memory as long as there is room.")
        self.is_broken = True
        self._retry_at = time.monotonic() + _RETRY_DISK_S
        if self.disk is not None:
            # From now on each call takes the long way.
            self.disk.seal()

    def _mend(self) -> bool:
        """Tries the disk again, at times. What memory holds goes there first, so that the order stays."""
        if time.monotonic() < self._retry_at or self.disk is None:
            return False
        try:
            self.disk.tell()
            self.disk.rotate()
            while self.overflow.records:
                self.disk.put(self.overflow.records[0])
                self.overflow.pop()
        except OSError as error:
            self._break(error)
            return False
        self.is_broken = False
        return True

    # ---- for the sender --------------------------------------------------------------------------------------------

    @property
    def is_interrupted(self) -> bool:
        """Whether this thread is in the middle of a write: a signal's handler asks. Until it returns, nothing can be sent."""
        return bool(getattr(self.lock, "_is_owned")())

    def end(self) -> Optional[Tuple[int, int]]:
        """The place after the last record, a segment and a byte; nothing while some go through memory."""
        with self.lock:
            return None if self.overflow.records or self.is_broken or self.disk is None else self.disk.end()

    def from_memory(self, most: int) -> bytes:
        """About ``most`` bytes of whole records that the disk did not take."""
        with self.lock:
            return self.overflow.take(most)

    def give_back(self, data: bytes) -> None:
        """Of :meth:`from_memory`, what is for a later window."""
        with self.lock:
            self.overflow.give_back(data)

    def prepare(self) -> None:
        """Makes room ahead of the writers."""
        with self.lock:
            if self.disk is not None and not self.is_broken and not self._is_ended:
                self.disk.prepare()

    def forget(self, *, segment: Optional[int] = None, file: Optional[str] = None) -> None:
        """What was sent makes room."""
        with self.lock:
            if self.disk is None:
                return
            if segment is not None:
                self.disk.forget(segment)
            if file is not None:
                self.disk.files.pop(file, None)

    def trim(self) -> None:
        """Gives back the room on disk that no record has. Only when nobody writes or reads any more."""
        if self.disk is not None and self._is_ended:
            self.disk.trim()

    def forked(self) -> None:
        """In the child of a fork: lets go of what is the parent's, and changes nothing of it."""
        if self.disk is not None:
            self.disk.lock.drop()
            self.disk.close()

    def release(self) -> None:
        """Nobody sends from it any more: the folder may be replayed."""
        if self.disk is not None:
            self.disk.lock.drop()
