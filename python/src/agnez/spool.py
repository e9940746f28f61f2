"""The writing side of a spool: every call puts its record on disk, with one write, and returns."""

from __future__ import annotations

import json
import os
import secrets
import sys
import threading
import time
import weakref
from collections import OrderedDict, deque
from pathlib import Path
from typing import Any, Callable, Deque, Dict, List, Mapping, Optional, Tuple

from . import place, record
from .tell import tell_once

SEGMENT_BYTES = 8 << 20
#: What is held in memory while the disk takes nothing.
MEMORY_BYTES = 64 << 20
#: ``state``, padded with blanks.
STATE_BYTES = 512
_RETRY_DISK_S = 1.0

#: What a call of ``log`` needs for its series: writes the record's bytes, and the layout's number.
Form = Tuple[Callable[..., bytes], int]


class Spool:
    """What one process has to send to one server.

    ``write``, ``fd`` and ``sync`` are for the short path of :meth:`agnez.Board.log`; each is the same for the spool's whole
    life. Everything else goes through methods, any of which may be called by any thread.
    """

    def __init__(self, url: str, root: Optional[str], cap: int, *, parent: str = "") -> None:
        self.url = url
        self.cap = cap
        self.sync = secrets.token_bytes(4)
        self.asleep = False
        self.wake = threading.Event()
        self.cells: Dict[str, Dict[str, Any]] = {}
        self.dropped: Dict[str, int] = {"points": 0, "changes": 0}
        self._root = root
        self._forms: "weakref.WeakSet[Forms]" = weakref.WeakSet()
        self._reset(parent)

    def _reset(self, parent: str) -> None:
        self.lock = threading.RLock()
        self.wake = threading.Event()
        self.asleep = False
        self.writer = secrets.token_hex(8)
        self.parent = parent
        self.folder: Optional[Path] = None
        self.is_open = False
        self.fd = -1
        self.room = 0
        self.segment = 0
        self.layouts: Dict[int, record.Layout] = {}
        self.memory: Deque[bytes] = deque()
        self.memory_bytes = 0
        #: Files with larger values that are not sent yet, oldest first, and their bytes.
        self.files: "OrderedDict[str, int]" = OrderedDict()
        self._numbers: Dict[Tuple[Tuple[str, str], ...], int] = {}
        self._told: List[bytes] = []
        self._lock_file: Optional[place.Lock] = None
        self._is_broken = False
        self._retry_at = 0.0
        self._segment_bytes = 0
        self._file_number = 0
        for forms in list(self._forms):
            forms.clear()

    # ---- opening -------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Makes the folder and the first segment, once. Where no disk takes them, records stay in memory."""
        with self.lock:
            if self.is_open:
                return
            self.is_open = True
            for root in (place.spools(self._root), place.fallback()):
                try:
                    self._make(root)
                    return
                except OSError as error:
                    tell_once("no-spool", f"The spool folder {root} cannot be used ({error.strerror or error}).")
            tell_once("memory", "No folder takes the spool: what is logged stays in memory and is lost if the process is killed.")
            self.folder = None
            self._is_broken = True
            self._retry_at = float("inf")

    def _make(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder = root / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}-{self.writer}"
        folder.mkdir(mode=0o700)
        lock = place.Lock(folder)
        lock.take()
        about = {"agnez": 1, "url": self.url, "writer": self.writer, "sync": self.sync.hex(), "parent": self.parent, "pid": os.getpid()}
        about["program"] = os.path.basename(sys.argv[0]) if getattr(sys, "argv", None) else ""
        # Its room on disk is taken now, so that it can be written when the disk is full.
        (folder / "state").write_bytes(b" " * STATE_BYTES)
        self.folder, self._lock_file = folder, lock
        self._told = [_line({"id": id, "cell": cell}) for id, cell in self.cells.items()]
        self._tell(b"")
        self._new_segment(0)
        # Last: a folder without it is not a spool yet.
        (folder / "spool.json").write_text(json.dumps(about))

    def _new_segment(self, number: int) -> None:
        assert self.folder is not None, "a segment is made in a folder"
        fd = os.open(self.folder / f"{number:06}.seg", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        if self.fd < 0:
            self.fd = fd
        else:
            # The descriptor stays the same: a thread that is about to write goes to either segment, never to a closed one.
            os.dup2(fd, self.fd, inheritable=False)
            os.close(fd)
        self.segment = number
        self.room = SEGMENT_BYTES

    def _tell(self, line: bytes) -> None:
        """Puts a line into ``cells.jsonl``, with those that a full disk did not take before."""
        if line:
            self._told.append(line)
        if self.folder is None or not self._told:
            return
        with open(self.folder / "cells.jsonl", "ab", buffering=0) as file:
            while self._told:
                # A torn line before this one ends here; empty lines are passed over.
                text = b"\n" + self._told[0]
                if file.write(text) != len(text):
                    raise OSError(28, "the disk is full")
                self._told.pop(0)

    def forked(self) -> None:
        """In the child of a fork: what is the parent's stays the parent's, and the child begins a spool of its own when it logs."""
        for fd in (self.fd, self._lock_file._fd if self._lock_file else None):
            if fd is not None and fd >= 0:
                try:
                    os.close(fd)
                except OSError:
                    pass
        self.sync = secrets.token_bytes(4)
        self.dropped = dict.fromkeys(self.dropped, 0)
        self._reset(self.writer)

    # ---- what is written -----------------------------------------------------------------------------------------

    def forms(self) -> "Forms":
        forms = Forms()
        self._forms.add(forms)
        return forms

    def form(self, series: List[Tuple[str, str]]) -> Optional[Form]:
        """The form of records for these series, told to readers. Nothing where records cannot go to the disk now."""
        with self.lock:
            self.open()
            layout = self.layout(series)
            if self._is_broken and not self._mend():
                return None
            return layout.form.pack, layout.number

    def layout(self, series: List[Tuple[str, str]]) -> record.Layout:
        with self.lock:
            key = tuple(series)
            number = self._numbers.get(key)
            if number is None:
                number = len(self._numbers)
                self.layouts[number] = record.Layout(number, series)
                self._numbers[key] = number
                self._define({"layout": number, "series": series})
            return self.layouts[number]

    def cell(self, id: str, about: Dict[str, Any]) -> None:
        """Says with what a cell is created where the server has none of this id. The first word counts."""
        with self.lock:
            if id not in self.cells:
                self.cells[id] = about
                if self.is_open:
                    self._define({"id": id, "cell": about})

    def _define(self, what: Mapping[str, Any]) -> None:
        try:
            self._tell(_line(what))
        except OSError as error:
            self._break(error)

    def put(self, data: bytes, *, points: int = 0) -> None:
        """Writes a record by the long path, wherever there is room. `points`: how many it holds, 0 for a change."""
        with self.lock:
            self.open()
            if not self._is_broken or self._mend():
                try:
                    if os.write(self.fd, data) == len(data):
                        self.wrote(len(data))
                        return
                    self._break(OSError(28, "the disk is full"))
                except OSError as error:
                    self._break(error)
            self._keep(data, points)

    def again(self, data: bytes, points: int, error: Optional[OSError]) -> None:
        """A record of the short path that the disk did not take, or not whole."""
        with self.lock:
            self._break(error or OSError(28, "the disk is full"))
            self._keep(data, points)

    def wrote(self, size: int) -> None:
        """After a write by the long path."""
        self.room -= size
        self.attend()

    def attend(self) -> None:
        """What a writer looks after when a segment is full or the sender sleeps."""
        if self.asleep:
            self.wake.set()
        if self.room < 0:
            with self.lock:
                if self.room < 0 and not self._is_broken:
                    try:
                        if self.is_full():
                            self._break(OSError(28, f"the spool has reached its limit of {self.cap >> 20} MiB"))
                        else:
                            self._new_segment(self.segment + 1)
                    except OSError as error:
                        self._break(error)

    def is_full(self) -> bool:
        """Whether no further segment may begin. Larger values are dropped first, the oldest before the others."""
        while self._segments_bytes() + SEGMENT_BYTES + sum(self.files.values()) > self.cap and self._drop_file():
            pass
        return self._segments_bytes() + SEGMENT_BYTES > self.cap

    def _segments_bytes(self) -> int:
        assert self.folder is not None, "only a spool on disk has segments"
        total = 0
        for entry in os.scandir(self.folder):
            if entry.name.endswith(".seg"):
                try:
                    total += entry.stat().st_size
                except OSError:
                    continue
        return total

    def _drop_file(self) -> bool:
        if not self.files or self.folder is None:
            return False
        name, _ = self.files.popitem(last=False)
        try:
            os.unlink(self.folder / name)
        except OSError:
            return True
        self.dropped["changes"] += 1
        return True

    def keep_file(self, data: bytes) -> Optional[str]:
        """Puts a larger value into a file of its own; its name, or nothing where there is no room."""
        with self.lock:
            self.open()
            if self.folder is None or self._is_broken and not self._mend():
                return None
            most = self.cap // 2
            while self.files and sum(self.files.values()) + len(data) > most:
                self._drop_file()
            if len(data) > most:
                return None
            name = f"{self._file_number:06}.value"
            self._file_number += 1
            path = self.folder / name
            try:
                path.write_bytes(data)
            except OSError:
                try:
                    path.unlink()
                except OSError:
                    pass
                return None
            self.files[name] = len(data)
            return name

    # ---- when the disk takes nothing -----------------------------------------------------------------------------

    @property
    def is_broken(self) -> bool:
        return self._is_broken

    def _break(self, error: OSError) -> None:
        tell_once("disk", f"The spool in {self.folder} takes no more ({error.strerror or error}): what is logged is kept in memory.")
        self._is_broken = True
        self._retry_at = time.monotonic() + _RETRY_DISK_S
        # From now on each call takes the long path.
        for forms in list(self._forms):
            forms.clear()
        self.attend()

    def _mend(self) -> bool:
        """Tries the disk again, at times. What memory holds goes there first, so that the order stays."""
        if time.monotonic() < self._retry_at or self.folder is None:
            return False
        self._retry_at = time.monotonic() + _RETRY_DISK_S
        try:
            if self.is_full():
                return False
            self._tell(b"")
            # A new segment: the old one may end in a torn record.
            self._new_segment(self.segment + 1)
            while self.memory:
                data = self.memory[0]
                if os.write(self.fd, data) != len(data):
                    return False
                self.room -= len(data)
                self._forget(data)
        except OSError:
            return False
        self._is_broken = False
        return True

    def _keep(self, data: bytes, points: int) -> None:
        if self.memory_bytes + len(data) > (MEMORY_BYTES if points else MEMORY_BYTES // 2):
            self.dropped["points" if points else "changes"] += points or 1
            tell_once("dropped", "The spool is full, on disk and in memory: what is logged now is dropped and counted.")
        else:
            self.memory.append(data)
            self.memory_bytes += len(data)
        self.attend()

    def _forget(self, data: bytes) -> None:
        self.memory.popleft()
        self.memory_bytes -= len(data)

    def from_memory(self, most: int) -> bytes:
        """About ``most`` bytes of whole records from memory, for the sender. They are then its own."""
        taken: List[bytes] = []
        size = 0
        with self.lock:
            while self.memory and size < most:
                data = self.memory[0]
                self._forget(data)
                taken.append(data)
                size += len(data)
        return b"".join(taken)

    def give_back(self, data: bytes) -> None:
        """Of :meth:`from_memory`, what is for a later window."""
        if data:
            with self.lock:
                self.memory.appendleft(data)
                self.memory_bytes += len(data)

    # ---- how much there is ---------------------------------------------------------------------------------------

    def size(self) -> int:
        """Bytes in the newest segment."""
        return os.fstat(self.fd).st_size if self.fd >= 0 else 0

    def end(self) -> Optional[Tuple[int, int]]:
        """The place after the last record; nothing while some go through memory."""
        with self.lock:
            return None if self.memory or self._is_broken else (self.segment, self.size())

    def close(self) -> None:
        """Lets go of the files. The next record opens a new spool."""
        with self.lock:
            fd, lock, writer = self.fd, self._lock_file, self.writer
            self._reset(writer)
            if fd >= 0:
                os.close(fd)
            if lock is not None:
                lock.drop()


class Forms(Dict[Tuple[str, ...], Form]):
    """The forms that a board has for the names of its metrics; emptied when the short path must not be taken."""

    __slots__ = ("__weakref__",)
    __hash__ = object.__hash__  # type: ignore[assignment]


def _line(what: Mapping[str, Any]) -> bytes:
    return json.dumps(what, separators=(",", ":"), allow_nan=False).encode() + b"\n"
