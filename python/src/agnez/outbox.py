"""The reading side of a spool: which records come next, and up to where they have been sent."""

from __future__ import annotations

import base64
import json
import os
import time
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

from . import record, window as windows
from .spool import STATE_BYTES, Spool
from .tell import tell_once
from .wire import Answer, Request

#: Read at once: small enough that the thread does not hold the interpreter for long.
CHUNK = 64 << 10
#: A segment is deleted this long after the next one was begun: no write to it is under way any more.
_LINGER_S = 5.0

#: A place in what was written: segment and byte.
Place = Tuple[int, int]


class Outbox:
    """The records of one spool in order. Before a window is sent, ``state`` says which bytes and which keys it has, so that
    after a crash the same requests are sent again with the same keys."""

    def __init__(self, folder: Optional[Path], url: str, writer: str, sync: bytes, spool: Optional[Spool]) -> None:
        self.folder = folder
        self.url = url
        self.writer = writer
        self.refused = 0
        self.cells: Dict[str, Dict[str, Any]] = spool.cells if spool else {}
        self.layouts: Dict[int, record.Layout] = spool.layouts if spool else {}
        #: The first key of the window that is being sent.
        self.number = 0
        self._sync = sync
        self._spool = spool
        self._segment = 0
        self._from = 0
        self._to = 0
        self._used = 0
        #: Where the window ends that another process had begun to send.
        self._on_its_way = 0
        self._fd: Optional[int] = None
        self._state: Optional[int] = None
        #: When a segment that was left is deleted, its number, and how much of it was read.
        self._left: List[Tuple[float, int, int]] = []
        self._held: Optional[record.Window] = None
        if folder is not None:
            self._state = os.open(folder / "state", os.O_RDWR)

    @staticmethod
    def of(spool: Spool) -> "Outbox":
        """That of the running process."""
        return Outbox(spool.folder, spool.url, spool.writer, spool.sync, spool)

    # ---- the next window -----------------------------------------------------------------------------------------

    def next(self) -> Optional[record.Window]:
        """The records that come next, until :meth:`done`; nothing where there are none now."""
        window = self._from_disk()
        if window is None and self._spool is not None and self._spool.memory:
            window = self._from_memory(self._spool)
        if window is None:
            return None
        self._used = windows.count(window, self.layouts)
        self._held = window
        self._note()
        return window

    def done(self) -> None:
        """The window has been answered."""
        window, self._held = self._held, None
        self._from = self._to
        self.number += self._used
        self._used = 0
        self._note()
        if window is not None:
            self._forget_files(window)

    def _from_disk(self) -> Optional[record.Window]:
        if self.folder is None:
            return None
        while True:
            if self._fd is None and not self._open():
                return None
            # Asked before reading: what stands in a segment that was left does not grow.
            is_last = not self._has_next()
            window = self._read(is_end=not is_last or self._is_broken)
            if window is not None and window.is_torn:
                tell_once(f"torn {self.writer}", f"The spool {self.folder} has a torn record; it was passed over.")
            if window is not None and (window.rows or window.changes):
                self._to = self._from + window.size
                return window
            if window is not None and window.size:
                self._from = self._to = self._from + window.size
                continue
            if is_last:
                self._clean()
                return None
            self._leave()

    def _read(self, *, is_end: bool) -> Optional[record.Window]:
        assert self._fd is not None, "a segment is open"
        if self._on_its_way > self._from:
            data = self._pread(self._on_its_way - self._from)
            self._on_its_way = 0
            return record.read(data, self._sync, self.layouts, is_end=True)
        size = CHUNK
        while True:
            data = self._pread(size)
            if not data:
                return None
            is_whole = len(data) < size
            window = record.read(data, self._sync, self.layouts, is_end=is_end and is_whole)
            if window.size or is_whole:
                return window
            size *= 4

    def _pread(self, size: int) -> bytes:
        assert self._fd is not None, "a segment is open"
        os.lseek(self._fd, self._from, os.SEEK_SET)
        return os.read(self._fd, size)

    def _from_memory(self, spool: Spool) -> Optional[record.Window]:
        data = spool.from_memory(CHUNK)
        window = record.read(data, self._sync, self.layouts, is_end=True)
        spool.give_back(data[window.size :])
        return window if window.rows or window.changes else None

    @property
    def _is_broken(self) -> bool:
        return self._spool is None or self._spool.is_broken

    def resume(self) -> None:
        """Goes to where the process was that owned the folder: a window that was on its way comes again as it was."""
        assert self.folder is not None, "a spool that was left is on disk"
        try:
            state = json.loads((self.folder / "state").read_bytes())
        except ValueError:
            state = {}
        self._segment = state.get("segment", 0)
        self._from, self._on_its_way, self.number = state.get("from", 0), state.get("to", 0), state.get("number", 0)
        self._to = self._from
        try:
            self.refused = (self.folder / "refused.jsonl").read_bytes().count(b"\n")
        except OSError:
            self.refused = 0

    # ---- segments ------------------------------------------------------------------------------------------------

    def _path(self, segment: int) -> Path:
        assert self.folder is not None, "segments are on disk"
        return self.folder / f"{segment:06}.seg"

    def _open(self) -> bool:
        try:
            self._fd = os.open(self._path(self._segment), os.O_RDONLY | getattr(os, "O_BINARY", 0))
        except OSError:
            return False
        return True

    def _has_next(self) -> bool:
        return self._spool.segment > self._segment if self._spool else self._path(self._segment + 1).exists()

    def _leave(self) -> None:
        """Goes on to the next segment. The file stays for a while, see :meth:`_clean`."""
        assert self._fd is not None, "a segment is open"
        os.close(self._fd)
        self._fd = None
        self._left.append((time.monotonic() + _LINGER_S, self._segment, self._from))
        self._segment += 1
        self._from = self._to = 0
        self._note()
        self._clean()

    def _clean(self, *, all: bool = False) -> None:
        while self._left and (all or self._left[0][0] < time.monotonic()):
            _, segment, size = self._left.pop(0)
            path = self._path(segment)
            try:
                # A thread that was in the middle of a write when the next segment began: its records go to the end.
                if self._spool is not None and path.stat().st_size > size:
                    self._spool.put(path.read_bytes()[size:])
                path.unlink()
            except OSError:
                continue

    def _forget_files(self, window: record.Window) -> None:
        for name in window.files:
            if self._spool is not None:
                with self._spool.lock:
                    self._spool.files.pop(name, None)
            if self.folder is not None:
                try:
                    (self.folder / name).unlink()
                except OSError:
                    continue

    # ---- how far it is -------------------------------------------------------------------------------------------

    def is_past(self, target: Optional[Place]) -> bool:
        """Whether everything before this place has been answered; without a place, whether there is nothing more at all."""
        if target is not None:
            return (self._segment, self._from) >= target
        return self._held is None and not self.has_more()

    def has_more(self) -> bool:
        """Whether there is something that was written and not sent."""
        spool = self._spool
        if spool is None:
            return False
        if spool.memory:
            return True
        return self.folder is not None and (self._segment, self._from) < (spool.segment, spool.size())

    def _note(self) -> None:
        """Writes ``state`` in place: no new room on disk, so that it can be written when there is none."""
        if self._state is None:
            return
        # What went through memory is not there after a crash, but its keys were used.
        number = self.number + (self._used if self._from == self._to else 0)
        state = {"segment": self._segment, "from": self._from, "to": self._to, "number": number}
        data = json.dumps(state).encode().ljust(STATE_BYTES)
        try:
            os.lseek(self._state, 0, os.SEEK_SET)
            os.write(self._state, data)
        except OSError as error:
            tell_once("state", f"{self.folder}/state cannot be written ({error.strerror or error}): after a crash some points may be sent twice.")

    def refuse(self, request: Request, answer: Answer) -> None:
        """Puts away what the server will not take. It can be read, and sent again by hand."""
        self.refused += 1
        what = ", ".join(request.cells[:3]) or request.path
        why = str(answer.error().get("message", answer.status))
        tell_once(f"refused {what} {answer.status}", f"{self.url} refused values of {what}: {why} They are kept in {self.folder}/refused.jsonl.")
        if self.folder is None:
            return
        told = {"method": request.method, "path": request.path, "type": request.kind, "key": request.key, "cells": request.cells, "status": answer.status, "why": why}
        line = json.dumps({**told, "body": base64.b64encode(request.body).decode()}) + "\n"
        try:
            with open(self.folder / "refused.jsonl", "a", encoding="utf-8") as file:
                file.write(line)
        except OSError as error:
            tell_once("refused", f"{self.folder}/refused.jsonl cannot be written ({error.strerror or error}).")

    def close(self) -> bool:
        """Removes the folder if nothing is left in it that somebody may want; whether it did. The lock is not touched."""
        for fd in (self._fd, self._state):
            if fd is not None:
                os.close(fd)
        self._fd = self._state = None
        if self.folder is None or self.refused or not self.is_past(None):
            return False
        try:
            (self.folder / "spool.json").unlink()
            for entry in list(self.folder.iterdir()):
                entry.unlink()
            self.folder.rmdir()
        except OSError:
            return False
        return True
