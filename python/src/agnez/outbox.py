"""The reading side of a spool: which records come next, and up to where they have been sent."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any, Dict, List, Optional, Protocol, Tuple

from . import record, window as windows
from .disk import STATE_BYTES
from .spool import Spool
from .tell import tell_once
from .wire import Answer, Request

#: Read at once: small enough that the thread does not hold the interpreter for long.
CHUNK = 32 << 10

#: A place in what was written: segment and byte.
Place = Tuple[int, int]


class Source(Protocol):
    """A segment to be read."""

    size: int

    @property
    def end(self) -> int: ...

    def read(self, start: int, most: int) -> bytes: ...


class Left:
    """A segment whose process has ended."""

    def __init__(self, path: Path) -> None:
        self._data = path.read_bytes()
        self.size = self.end = len(self._data)

    def read(self, start: int, most: int) -> bytes:
        return self._data[start : start + most]


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
        #: The numbers of this window's keys whose requests were refused as a whole, and are sent as one for each cell.
        self._apart: List[int] = []
        self._is_noted = True
        self._held: Optional[record.Window] = None
        #: Records are on their way from memory to there.
        self._is_taking = False
        self._source: Optional[Source] = None

    @staticmethod
    def of(spool: Spool) -> "Outbox":
        """That of the running process."""
        return Outbox(spool.folder, spool.url, spool.writer, spool.sync, spool)

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
        self._apart = state.get("apart", [])
        try:
            self.refused = (self.folder / "refused.jsonl").read_bytes().count(b"\n")
        except OSError:
            self.refused = 0

    # ---- the next window -----------------------------------------------------------------------------------------

    def next(self) -> Optional[record.Window]:
        """The records that come next, until :meth:`done`; nothing where there are none now."""
        window = self._from_disk()
        if window is None and self._spool is not None and self._spool.overflow.records:
            self._is_taking = True
            window = self._from_memory(self._spool)
        if window is None:
            self._is_taking = False
            if not self._is_noted:
                self._note()
            return None
        self._used = windows.count(window, self.layouts)
        self._held = window
        self._is_taking = False
        self._note()
        return window

    def done(self) -> None:
        """The window has been answered. ``state`` says so with the next one, or when there is none: until then a replay may send this
        one again, to no effect."""
        window, self._held = self._held, None
        self._from = self._to
        self.number += self._used
        self._used = 0
        self._apart = []
        self._is_noted = False
        if window is not None and window.files:
            self._note()
            self._forget_files(window)

    def _from_disk(self) -> Optional[record.Window]:
        while True:
            source = self._source = self._source or self._open(self._segment)
            if source is None:
                return None
            # Asked first: after that, what is read of a segment that is full is all of it.
            end = source.end
            is_full = end == source.size
            window = self._read(source, end, is_full)
            if window is not None and window.is_torn:
                tell_once(f"torn {self.writer}", f"The spool {self.folder} has bytes that are no record; they were passed over.")
            if window is not None and (window.rows or window.changes):
                self._to = self._from + window.size
                return window
            if window is not None:
                self._from = self._to = self._from + window.size
                continue
            if not is_full:
                return None
            self._leave()

    def _read(self, source: Source, end: int, is_full: bool) -> Optional[record.Window]:
        """A window, maybe without a record in it, or nothing at the end of what there is."""
        if self._on_its_way > self._from:
            data = source.read(self._from, self._on_its_way - self._from)
            self._on_its_way = 0
            return record.read(data, self._sync, self.layouts, is_end=True)
        size = CHUNK
        while self._from < end:
            data = source.read(self._from, min(size, end - self._from))
            if is_full and not data.strip(b"\0"):
                return None
            is_rest = self._from + len(data) == end
            window = record.read(data, self._sync, self.layouts, is_end=is_rest)
            if window.size or is_rest:
                return window
            size *= 4
        return None

    def _from_memory(self, spool: Spool) -> Optional[record.Window]:
        data = spool.from_memory(CHUNK)
        window = record.read(data, self._sync, self.layouts, is_end=True)
        spool.give_back(data[window.size :])
        return window if window.rows or window.changes else None

    def is_apart(self, request: Request) -> bool:
        """Whether the request was refused as a whole before, by this process or the one that owned the folder."""
        return request.path == "/points" and _number(request) in self._apart

    def take_apart(self, request: Request) -> None:
        """Remembers that the request was refused as a whole, also over a crash."""
        self._apart.append(_number(request))
        self._note()

    # ---- segments ------------------------------------------------------------------------------------------------

    def _open(self, number: int) -> Optional[Source]:
        if self._spool is not None:
            return self._spool.disk.segments.get(number) if self._spool.disk else None
        assert self.folder is not None, "a spool that was left is on disk"
        try:
            return Left(self.folder / f"{number:06}.seg")
        except OSError:
            return None

    def _leave(self) -> None:
        """Goes on to the next segment, and removes the one that was read to its end."""
        number = self._segment
        self._source = None
        # In this order: another thread that looks meanwhile must not take the next segment for read.
        self._from = self._to = 0
        self._segment += 1
        self._note()
        if self._spool is not None:
            self._spool.forget(segment=number)
        if self.folder is not None:
            try:
                (self.folder / f"{number:06}.seg").unlink()
            except OSError:
                return

    def _forget_files(self, window: record.Window) -> None:
        for name in window.files:
            if self._spool is not None:
                self._spool.forget(file=name)
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
        return not self.has_more() and not self._is_taking and self._held is None

    def has_more(self) -> bool:
        """Whether there is something that was written and not sent."""
        if self._spool is None:
            return self._open(self._segment) is not None
        end = self._spool.end()
        if end is not None:
            return (self._segment, self._from) < end
        # A segment that was left when the disk was full is forgotten when it is read to its end.
        return bool(self._spool.overflow.records) or self._open(self._segment) is not None

    def _note(self) -> None:
        """Writes ``state`` in place: no new room on disk, so that it can be written when there is none."""
        # What went through memory is not there after a crash, but its keys were used.
        number = self.number + (self._used if self._from == self._to else 0)
        state = {"segment": self._segment, "from": self._from, "to": self._to, "number": number, "apart": self._apart}
        data = json.dumps(state).encode().ljust(STATE_BYTES)
        self._is_noted = True
        if self._spool is None and self.folder is not None:
            with open(self.folder / "state", "r+b", buffering=0) as file:
                file.write(data)
        elif self._spool is not None and self._spool.disk is not None:
            self._spool.disk.state.put(data)

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

    def remove(self) -> bool:
        """Removes the folder if nothing is left in it that somebody may want; whether it did. The lock stays with its owner."""
        if self.folder is None or self.refused or not self.is_past(None):
            return False
        try:
            # First: what is left of a folder without it is no spool.
            (self.folder / "spool.json").unlink()
            for entry in list(self.folder.iterdir()):
                entry.unlink()
            self.folder.rmdir()
        except OSError:
            return False
        return True


def _number(request: Request) -> int:
    """The number in the key; -1 for what is part of another request."""
    writer, _, number = (request.key or "").rpartition(":")
    return int(number) if number and "." not in writer else -1
