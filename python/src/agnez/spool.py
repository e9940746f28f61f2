"""The writing side of a spool: every call puts its record there and returns."""

from __future__ import annotations

import errno
import json
import os
import secrets
import sys
import threading
import time
import weakref
from collections import OrderedDict
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

from . import place, record
from .overflow import Overflow
from .segment import SEGMENT_BYTES, Segment, newest
from .tell import tell_once

#: The disk is tried again so often.
_RETRY_DISK_S = 1.0
#: ``state``, padded with blanks.
STATE_BYTES = 512

#: What a call of ``log`` needs for its series: puts bytes into the segment, makes a record's bytes; marker, layout's number and tail.
#: When the segment is full, or is left for another reason, the first raises ValueError.
Form = Tuple[Callable[[bytes], int], Callable[..., bytes], bytes, int, int]


class Spool:
    """What one process has to send to one server.

    Any thread may call any method. The short path of :meth:`agnez.Board.log` uses what :meth:`form` has given, without a lock.
    """

    def __init__(self, url: str, root: Optional[str], cap: int) -> None:
        self.url = url
        self.cap = cap
        self.cells: Dict[str, Dict[str, Any]] = {}
        self._root = root
        self._forms: "weakref.WeakSet[Forms]" = weakref.WeakSet()
        self._reset("")

    def _reset(self, parent: str) -> None:
        self.sync = bytes(1 + byte % 255 for byte in secrets.token_bytes(4))
        self.lock = threading.RLock()
        self.wake = threading.Event()
        #: Set while the sender waits for ``wake``.
        self.asleep = False
        self.writer = secrets.token_hex(8)
        self.parent = parent
        self.folder: Optional[Path] = None
        self.layouts: Dict[int, record.Layout] = {}
        self.overflow = Overflow()
        self.state: Optional[Segment] = None
        #: Those that are not read to their end, by number; the newest is the one that is written.
        self.segments: Dict[int, Segment] = {}
        #: Files with larger values that are not sent yet, oldest first, and their bytes.
        self.files: "OrderedDict[str, int]" = OrderedDict()
        self.write: Callable[[bytes], int] = _nowhere
        self.is_broken = False
        self._is_open = False
        self._retry_at = 0.0
        self._numbers: Dict[Tuple[Tuple[str, str], ...], int] = {}
        self._told: List[bytes] = []
        self._lock_file: Optional[place.Lock] = None
        self._spare: Optional[Segment] = None
        self._file_number = 0
        self._next_number = 0
        # In a forked child they would write into the parent's segment.
        for forms in list(self._forms):
            forms.clear()

    # ---- opening and closing ---------------------------------------------------------------------------------------

    def open(self) -> None:
        """Makes the folder and the first segment, once. Where no disk takes them, records stay in memory."""
        with self.lock:
            if self._is_open:
                return
            self._is_open = True
            for root in (place.spools(self._root), place.fallback()):
                try:
                    self._make(root)
                    return
                except OSError as error:
                    tell_once(f"root {root}", f"The spool folder {root} cannot be used ({error.strerror or error}).")
            tell_once("memory", "No folder takes the spool: what is logged stays in memory, and is lost if the process is killed.")
            self.is_broken = True
            self._retry_at = float("inf")

    def _make(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder = root / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}-{self.writer}"
        folder.mkdir(mode=0o700)
        made: List[Segment] = []
        lock = place.Lock(folder)
        try:
            lock.take()
            made += [Segment(0, folder / "state", STATE_BYTES), newest(0, folder / "000000.seg")]
            about = {"agnez": 1, "url": self.url, "writer": self.writer, "sync": self.sync.hex(), "parent": self.parent, "pid": os.getpid()}
            about["program"] = os.path.basename((getattr(sys, "argv", None) or [""])[0])
            # Last: a folder without it is not a spool yet.
            (folder / "spool.json").write_text(json.dumps(about))
        except OSError:
            lock.drop()
            for entry in list(folder.iterdir()):
                entry.unlink()
            folder.rmdir()
            raise
        self.folder, self._lock_file = folder, lock
        self.state = made[0]
        self._use(made[1])
        for id, cell in self.cells.items():
            self._define({"id": id, "cell": cell})

    def _use(self, segment: Segment) -> None:
        self.segments[segment.number] = segment
        self._next_number = segment.number + 1
        self.write = segment.write

    def last(self) -> Optional[Segment]:
        """The segment that is written, while it is not read to its end."""
        return self.segments.get(self._next_number - 1)

    def close(self) -> None:
        """Lets go of the files. The next record opens a new spool."""
        with self.lock:
            lock, last = self._lock_file, self.last()
            if last is not None:
                last.seal()
            self._reset(self.parent)
            if lock is not None:
                lock.drop()

    def forked(self) -> None:
        """In the child of a fork: what is the parent's stays the parent's, and the child begins a spool of its own when it logs."""
        lock = self._lock_file
        self._reset(self.writer)
        if lock is not None:
            lock.drop()

    # ---- what is written -------------------------------------------------------------------------------------------

    def forms(self) -> "Forms":
        forms = Forms()
        self._forms.add(forms)
        return forms

    def form(self, series: List[Tuple[str, str]]) -> Optional[Form]:
        """The form of records for these series. Nothing while records cannot go to the disk."""
        with self.lock:
            self.open()
            layout = self.layout(series)
            if self.is_broken and not self._mend():
                return None
            return self.write, layout.form.pack, self.sync, layout.number, layout.tail

    def layout(self, series: List[Tuple[str, str]]) -> record.Layout:
        """The layout for these series, told to readers before the first record has it."""
        with self.lock:
            self.open()
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
                if self._is_open:
                    self._define({"id": id, "cell": about})

    def _define(self, what: Mapping[str, Any]) -> None:
        self._told.append(json.dumps(what, separators=(",", ":"), allow_nan=False).encode() + b"\n")
        try:
            self._tell()
        except OSError as error:
            self._break(error)

    def _tell(self) -> None:
        """Puts what is new into ``cells.jsonl``, and what a full disk did not take before."""
        if self.folder is None or not self._told:
            return
        with open(self.folder / "cells.jsonl", "ab", buffering=0) as file:
            while self._told:
                # A torn line before this one ends here; empty lines are passed over.
                text = b"\n" + self._told[0]
                if file.write(text) != len(text):
                    raise OSError(errno.ENOSPC, "no space left")
                self._told.pop(0)

    def put(self, data: bytes, points: int) -> None:
        """Writes a record by the long path, wherever there is room. ``points``: how many it holds, 0 for a change."""
        with self.lock:
            self.open()
            is_kept = False
            if not self.is_broken or self._mend():
                try:
                    is_kept = self._put(data)
                except OSError as error:
                    self._break(error)
            if not is_kept:
                self.overflow.keep(data, points)
        if self.asleep:
            self.wake.set()

    def _put(self, data: bytes) -> bool:
        try:
            self.write(data)
        except ValueError:
            self._rotate(len(data))
            self.write(data)
        return True

    def _rotate(self, least: int) -> None:
        """Begins the next segment; OSError where there is no room for one."""
        assert self.folder is not None, "segments are in a folder"
        if self._is_full():
            raise OSError(errno.EDQUOT, f"it has reached its limit of {self.cap >> 20} MiB")
        old, number = self.last(), self._next_number
        segment, self._spare = self._spare, None
        if segment is not None and segment.size >= least:
            segment.move(number, self.folder / f"{number:06}.seg")
        elif least > SEGMENT_BYTES:
            segment = Segment(number, self.folder / f"{number:06}.seg", least)
        else:
            segment = newest(number, self.folder / f"{number:06}.seg")
        if segment.size < least:
            raise OSError(errno.ENOSPC, "no space left")
        if old is not None:
            # Before the new one is used: a thread that is about to write finds the old one full, and comes here.
            old.seal()
        self._use(segment)

    def prepare(self) -> None:
        """For the sender: makes the next segment ahead, so that no writer waits for it."""
        with self.lock:
            last = self.last()
            if self._spare is None and last is not None and last.end > last.size // 2 and not self.is_broken and self.folder:
                try:
                    self._spare = Segment(-1, self.folder / "spare", SEGMENT_BYTES)
                except OSError:
                    return

    def _is_full(self) -> bool:
        """Whether no further segment may begin. Larger values are dropped first, the oldest before the others."""
        taken = sum(segment.size for segment in self.segments.values()) + SEGMENT_BYTES
        while taken + sum(self.files.values()) > self.cap and self._drop_file():
            pass
        return taken > self.cap

    def _drop_file(self) -> bool:
        if not self.files or self.folder is None:
            return False
        name, _ = self.files.popitem(last=False)
        try:
            os.unlink(self.folder / name)
        except OSError:
            return True
        self.overflow.drop("changes", 1)
        return True

    def keep_file(self, data: bytes) -> Optional[str]:
        """Puts a larger value into a file of its own; its name, or nothing where there is no room."""
        with self.lock:
            self.open()
            if self.folder is None or self.is_broken and not self._mend():
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
                if path.exists():
                    path.unlink()
                return None
            self.files[name] = len(data)
            return name

    # ---- when the disk takes nothing -------------------------------------------------------------------------------

    def _break(self, error: OSError) -> None:
        tell_once("disk", f"The spool {self.folder} takes no more ({error.strerror or error}): what is logged is kept in memory as long as there is room.")
        self.is_broken = True
        self._retry_at = time.monotonic() + _RETRY_DISK_S
        self.write = _nowhere
        last = self.last()
        if last is not None:
            # From now on each call takes the long path.
            last.seal()

    def _mend(self) -> bool:
        """Tries the disk again, at times. What memory holds goes there first, so that the order stays."""
        if time.monotonic() < self._retry_at or self.folder is None:
            return False
        self._retry_at = time.monotonic() + _RETRY_DISK_S
        try:
            self._tell()
            self._rotate(0)
            while self.overflow.records:
                self._put(self.overflow.records[0])
                self.overflow.pop()
        except OSError as error:
            self._break(error)
            return False
        self.is_broken = False
        return True

    # ---- how much there is -----------------------------------------------------------------------------------------

    def end(self) -> Optional[Tuple[int, int]]:
        """The place after the last record, a segment and a byte; nothing while some go through memory."""
        with self.lock:
            last = self.last()
            if self.overflow.records or self.is_broken:
                return None
            return (last.number, last.end) if last is not None else (self._next_number, 0)


class Forms(Dict[Tuple[str, ...], Form]):
    """The forms that a board has for the names of its metrics; emptied in the child of a fork."""

    __slots__ = ("__weakref__",)
    __hash__ = object.__hash__  # type: ignore[assignment]


def _nowhere(data: bytes) -> int:
    raise ValueError("the spool is not open")
