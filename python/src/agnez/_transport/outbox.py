"""The reading side of a spool: which records come next, and up to where they have been sent."""

from __future__ import annotations

import base64
import json
import os
import secrets
import zlib
from pathlib import Path
from typing import Any, Dict, List, Optional, Protocol, Tuple

from .._spool import record
from . import batch as windows
from .._spool.spool_dir import STATE_BYTES
from .._spool.spool import Spool
from .._log import tell_once
from .http import Answer, Request, parsed

#: Read at once: small enough that the thread does not hold the interpreter for long.
CHUNK = 32 << 10

#: Characters of an answer's reason.
_WHY = 1000

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
        #: The records of the window that is being sent.
        self._bytes = b""
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
            data = (self.folder / "state").read_bytes()
        except FileNotFoundError:
            data = b""
        state = _state(data)
        if state is not None:
            self._segment, self._from, self._on_its_way = state["segment"], state["from"], state["to"]
            self.number, self._apart = state["number"], state["apart"]
            self.writer = state.get("writer", self.writer)
        else:
            self._segment = min(self._segments(), default=0)
            # Zeros: it was never written, so that nothing was sent.
            if self._segments() and (not data or data.strip(b"\0") or self._segment):
                # Which keys were used is not known: the server would take new requests under old ones for done.
                self.writer = secrets.token_hex(8)
                tell_once(f"state {self.folder}", f"The file state of {self.folder} is damaged: all that is left there is sent, and some of it maybe twice.")
        self._to = self._from
        self.refused = 0
        for name in ("refused.before", "refused.jsonl"):
            try:
                self.refused += (self.folder / name).read_bytes().count(b"\n")
            except OSError:
                continue

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
                if self._is_skipped():
                    continue
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
            self._bytes = data
            return record.read(data, self._sync, self.layouts, is_end=True)
        size = CHUNK
        while self._from < end:
            data = source.read(self._from, min(size, end - self._from))
            if is_full and not data.strip(b"\0"):
                return None
            is_rest = self._from + len(data) == end
            window = record.read(data, self._sync, self.layouts, is_end=is_rest)
            if window.size or is_rest:
                self._bytes = data[: window.size]
                return window
            size *= 4
        return None

    def _from_memory(self, spool: Spool) -> Optional[record.Window]:
        data = spool.from_memory(CHUNK)
        try:
            window = record.read(data, self._sync, self.layouts, is_end=True)
        except BaseException:
            spool.give_back(data)
            raise
        spool.give_back(data[window.size :])
        self._bytes = data[: window.size]
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

    def _segments(self) -> List[int]:
        """The numbers of the segments in the folder."""
        assert self.folder is not None, "a spool that was left is on disk"
        return sorted(int(path.stem) for path in self.folder.glob("*.seg") if path.stem.isdecimal())

    def _is_skipped(self) -> bool:
        """Goes to the next segment that is there, if this one was lost."""
        later = [] if self._spool is not None else self._segments()
        if self._segment in later or not any(number > self._segment for number in later):
            return False
        self._segment = min(number for number in later if number > self._segment)
        self._from = self._to = self._on_its_way = 0
        return True

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
            path = windows.file_of(self.folder, name)
            if path is not None:
                try:
                    path.unlink()
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
        state: Dict[str, Any] = {"segment": self._segment, "from": self._from, "to": self._to, "number": number, "apart": self._apart}
        if self._spool is None:
            state["writer"] = self.writer
        data = json.dumps({**state, "sum": _sum(state)}).encode().ljust(STATE_BYTES)
        self._is_noted = True
        if self._spool is None and self.folder is not None:
            with open(os.open(self.folder / "state", os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600), "r+b", buffering=0) as file:
                file.write(data)
                file.truncate()
        elif self._spool is not None and self._spool.disk is not None:
            self._spool.disk.state.put(data)

    def refuse(self, request: Request, answer: Answer) -> None:
        """Puts away what the server will not take. It can be read, and sent again by hand."""
        what = ", ".join(request.cells[:3]) or request.path
        message = answer.error().get("message")
        why = message[:_WHY] if isinstance(message, str) else str(answer.status)
        tell_once(f"refused {what} {answer.status}", f"{self.url} refused values of {what}: {why} They are kept in {self.folder}/refused.jsonl.")
        told = {"method": request.method, "path": request.path, "type": request.kind, "key": own_key(request.key or ""), "cells": request.cells, "status": answer.status, "why": why}
        self.put_away({**told, "body": base64.b64encode(request.body).decode()})

    @property
    def held(self) -> Optional[record.Window]:
        """The window that was taken and is not done."""
        return self._held

    def put_aside(self, window: record.Window, why: str) -> None:
        """Keeps the records of the window that is being sent, and the files that they name, with what was refused."""
        tell_once("aside", f"Some of what was logged cannot be sent to {self.url} ({why}). It is kept in {self.folder}/refused.jsonl.")
        self.put_away({"key": f"{self.writer}:{self.number}", "why": why, "records": base64.b64encode(self._bytes).decode()})
        window.files.clear()

    def aside(self, told: Dict[str, Any]) -> Optional[Tuple[record.Window, str]]:
        """What :meth:`put_aside` has kept, and the writer for its keys; nothing where the line holds none of it."""
        try:
            data, (writer, _, number) = base64.b64decode(told["records"]), told["key"].rpartition(":")
        except (KeyError, TypeError, ValueError, AttributeError):
            return None
        return record.read(data, self._sync, self.layouts, is_end=True), f"{writer}.r{number}"

    def put_away(self, told: Dict[str, Any]) -> None:
        """Adds a line to what was refused."""
        self.refused += 1
        if self.folder is None:
            return
        line = json.dumps(told) + "\n"
        try:
            with open(self.folder / "refused.jsonl", "a", encoding="utf-8") as file:
                file.write(line)
        except OSError as error:
            tell_once("refused", f"{self.folder}/refused.jsonl cannot be written ({error.strerror or error}).")

    def remove(self) -> bool:
        """Removes the folder if nothing is left in it that somebody may want; whether it did. The lock stays with its owner."""
        if self.folder is None or self.refused or not self.is_past(None) or (self.folder / "refused.before").exists():
            return False
        if self._spool is None and any(number >= self._segment for number in self._segments()):
            # It cannot be read now.
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


def _sum(state: Dict[str, Any]) -> int:
    """Tells a ``state`` from a damaged one."""
    return zlib.crc32(json.dumps(state, sort_keys=True).encode())


def _state(data: bytes) -> Optional[Dict[str, Any]]:
    """What ``state`` says; nothing where it is damaged."""
    state = parsed(data)
    try:
        if state.pop("sum") != _sum(state):
            return None
        numbers = [state["segment"], state["from"], state["to"], state["number"], *state["apart"]]
        is_sound = all(isinstance(number, int) and number >= 0 for number in numbers) and isinstance(state.get("writer", ""), str)
        return state if is_sound and isinstance(state["apart"], list) else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def own_key(key: str) -> str:
    """The key with which a refused request is sent again: of a writer of its own, since the server takes a number far below the newest
    of its writer for done. Always the same for the same request, so that trying it twice does no harm."""
    writer, _, number = key.rpartition(":")
    return key if writer.rpartition(".")[2].startswith("r") else f"{writer}.r{number}:0"


def _number(request: Request) -> int:
    """The number in the key; -1 for what is part of another request."""
    writer, _, number = (request.key or "").rpartition(":")
    return int(number) if number and "." not in writer else -1
