"""The reading side of a spool: which records come next, and up to where they have been sent."""

from __future__ import annotations

import base64
import json
import os
import secrets
import zlib
from pathlib import Path
from typing import Any, Protocol

from .._log import warn_once
from .._spool import record
from .._spool.spool import Spool
from .._spool.spool_dir import STATE_BYTES
from . import request_builder
from .http import Request, Response, parse_json

#: Read at once: small enough that the thread does not hold the interpreter for long.
CHUNK = 32 << 10

#: Characters of an answer's reason.
_WHY = 1000

#: A place in what was written: segment and byte.
Place = tuple[int, int]


class SegmentReader(Protocol):
    """A segment to be read."""

    size: int

    @property
    def end(self) -> int: ...

    def read(self, start: int, most: int) -> bytes: ...


class SegmentFile:
    """A segment whose process has ended."""

    def __init__(self, path: Path) -> None:
        self._data = path.read_bytes()
        self.size = self.end = len(self._data)

    def read(self, start: int, most: int) -> bytes:
        return self._data[start : start + most]


class Outbox:
    """The records of one spool in order. Before a batch is sent, ``state`` says which bytes and which keys it has, so that
    after a crash the same requests are sent again with the same keys."""

    def __init__(
        self, folder: Path | None, url: str, writer: str, sync: bytes, spool: Spool | None
    ) -> None:
        self.folder = folder
        self.url = url
        self.writer = writer
        self.refused = 0
        self.cells: dict[str, dict[str, Any]] = spool.cells if spool else {}
        self.layouts: dict[int, record.Layout] = spool.layouts if spool else {}
        #: The first key of the batch that is being sent.
        self.number = 0
        self._sync = sync
        self._spool = spool
        self._segment = 0
        self._from = 0
        self._to = 0
        self._used = 0
        #: Where the batch ends that another process had begun to send.
        self._in_flight_end = 0
        #: The numbers of this batch's keys whose requests were refused as a whole, and are sent as one for each cell.
        self._apart: list[int] = []
        self._is_state_saved = True
        self._current_batch: record.Batch | None = None
        #: The records of the batch that is being sent.
        self._bytes = b""
        #: Records are on their way from memory to there.
        self._is_taking_from_memory = False
        self._source: SegmentReader | None = None

    @staticmethod
    def of(spool: Spool) -> Outbox:
        """That of the running process."""
        return Outbox(spool.folder, spool.url, spool.writer, spool.sync, spool)

    def resume(self) -> None:
        """Goes to where the process was that owned the folder: a batch that was on its way comes again as it was."""
        assert self.folder is not None, "a spool that was left is on disk"
        try:
            data = (self.folder / "state").read_bytes()
        except FileNotFoundError:
            data = b""
        state = _parse_state(data)
        if state is not None:
            self._segment, self._from, self._in_flight_end = (
                state["segment"],
                state["from"],
                state["to"],
            )
            self.number, self._apart = state["number"], state["apart"]
            self.writer = state.get("writer", self.writer)
        else:
            self._segment = min(self._segments(), default=0)
            # Zeros: it was never written, so that nothing was sent.
            if self._segments() and (not data or data.strip(b"\0") or self._segment):
                # Which keys were used is not known: the server would take new requests under old ones for done.
                self.writer = secrets.token_hex(8)
                warn_once(
                    f"state {self.folder}",
                    f"The file state of {self.folder} is damaged: all that is left there is sent, and some of it maybe twice.",
                )
        self._to = self._from
        self.refused = 0
        for name in ("refused.before", "refused.jsonl"):
            try:
                self.refused += (self.folder / name).read_bytes().count(b"\n")
            except OSError:
                continue

    # ---- the next batch -----------------------------------------------------------------------------------------

    def next_batch(self) -> record.Batch | None:
        """The records that come next, until :meth:`finish_batch`; nothing where there are none now."""
        batch = self._from_disk()
        if batch is None and self._spool is not None and self._spool.memory.records:
            self._is_taking_from_memory = True
            batch = self._from_memory(self._spool)
        if batch is None:
            self._is_taking_from_memory = False
            if not self._is_state_saved:
                self._save_state()
            return None
        self._used = request_builder.count_requests(batch, self.layouts)
        self._current_batch = batch
        self._is_taking_from_memory = False
        self._save_state()
        return batch

    def finish_batch(self) -> None:
        """The batch has been answered. ``state`` says so with the next one, or when there is none: until then a replay may send this
        one again, to no effect."""
        batch, self._current_batch = self._current_batch, None
        self._from = self._to
        self.number += self._used
        self._used = 0
        self._apart = []
        self._is_state_saved = False
        if batch is not None and batch.files:
            self._save_state()
            self._forget_files(batch)

    def _from_disk(self) -> record.Batch | None:
        while True:
            source = self._source = self._source or self._open(self._segment)
            if source is None:
                if self._skip_missing_segment():
                    continue
                return None
            # Asked first: after that, what is read of a segment that is full is all of it.
            end = source.end
            is_full = end == source.size
            batch = self._read(source, end, is_full)
            if batch is not None and batch.is_torn:
                warn_once(
                    f"torn {self.writer}",
                    f"The spool {self.folder} has bytes that are no record; they were passed over.",
                )
            if batch is not None and (batch.rows or batch.changes):
                self._to = self._from + batch.size
                return batch
            if batch is not None:
                self._from = self._to = self._from + batch.size
                continue
            if not is_full:
                return None
            self._finish_segment()

    def _read(self, source: SegmentReader, end: int, is_full: bool) -> record.Batch | None:
        """A batch, maybe without a record in it, or nothing at the end of what there is."""
        if self._in_flight_end > self._from:
            data = source.read(self._from, self._in_flight_end - self._from)
            self._in_flight_end = 0
            self._bytes = data
            return record.decode(data, self._sync, self.layouts, is_end=True)
        size = CHUNK
        while self._from < end:
            data = source.read(self._from, min(size, end - self._from))
            if is_full and not data.strip(b"\0"):
                return None
            is_rest = self._from + len(data) == end
            batch = record.decode(data, self._sync, self.layouts, is_end=is_rest)
            if batch.size or is_rest:
                self._bytes = data[: batch.size]
                return batch
            size *= 4
        return None

    def _from_memory(self, spool: Spool) -> record.Batch | None:
        data = spool.take_from_memory(CHUNK)
        try:
            batch = record.decode(data, self._sync, self.layouts, is_end=True)
        except BaseException:
            spool.give_back(data)
            raise
        spool.give_back(data[batch.size :])
        self._bytes = data[: batch.size]
        return batch if batch.rows or batch.changes else None

    def is_split(self, request: Request) -> bool:
        """Whether the request was refused as a whole before, by this process or the one that owned the folder."""
        return request.path == "/points" and _key_number(request) in self._apart

    def mark_split(self, request: Request) -> None:
        """Remembers that the request was refused as a whole, also over a crash."""
        self._apart.append(_key_number(request))
        self._save_state()

    # ---- segments ------------------------------------------------------------------------------------------------

    def _open(self, number: int) -> SegmentReader | None:
        if self._spool is not None:
            return self._spool.dir.segments.get(number) if self._spool.dir else None
        assert self.folder is not None, "a spool that was left is on disk"
        try:
            return SegmentFile(self.folder / f"{number:06}.seg")
        except OSError:
            return None

    def _segments(self) -> list[int]:
        """The numbers of the segments in the folder."""
        assert self.folder is not None, "a spool that was left is on disk"
        return sorted(int(path.stem) for path in self.folder.glob("*.seg") if path.stem.isdecimal())

    def _skip_missing_segment(self) -> bool:
        """Goes to the next segment that is there, if this one was lost."""
        later = [] if self._spool is not None else self._segments()
        if self._segment in later or not any(number > self._segment for number in later):
            return False
        self._segment = min(number for number in later if number > self._segment)
        self._from = self._to = self._in_flight_end = 0
        return True

    def _finish_segment(self) -> None:
        """Goes on to the next segment, and removes the one that was read to its end."""
        number = self._segment
        self._source = None
        # In this order: another thread that looks meanwhile must not take the next segment for read.
        self._from = self._to = 0
        self._segment += 1
        self._save_state()
        if self._spool is not None:
            self._spool.forget(segment=number)
        if self.folder is not None:
            try:
                (self.folder / f"{number:06}.seg").unlink()
            except OSError:
                return

    def _forget_files(self, batch: record.Batch) -> None:
        for name in batch.files:
            if self._spool is not None:
                self._spool.forget(file=name)
            path = request_builder.value_file(self.folder, name)
            if path is not None:
                try:
                    path.unlink()
                except OSError:
                    continue

    # ---- how far it is -------------------------------------------------------------------------------------------

    def is_done_until(self, target: Place | None) -> bool:
        """Whether everything before this place has been answered; without a place, whether there is nothing more at all."""
        if target is not None:
            return (self._segment, self._from) >= target
        return (
            not self.has_more() and not self._is_taking_from_memory and self._current_batch is None
        )

    def has_more(self) -> bool:
        """Whether there is something that was written and not sent."""
        if self._spool is None:
            return self._open(self._segment) is not None
        end = self._spool.end()
        if end is not None:
            return (self._segment, self._from) < end
        # A segment that was left when the disk was full is forgotten when it is read to its end.
        return bool(self._spool.memory.records) or self._open(self._segment) is not None

    def _save_state(self) -> None:
        """Writes ``state`` in place: no new room on disk, so that it can be written when there is none."""
        # What went through memory is not there after a crash, but its keys were used.
        number = self.number + (self._used if self._from == self._to else 0)
        state: dict[str, Any] = {
            "segment": self._segment,
            "from": self._from,
            "to": self._to,
            "number": number,
            "apart": self._apart,
        }
        if self._spool is None:
            state["writer"] = self.writer
        data = json.dumps({**state, "sum": _checksum(state)}).encode().ljust(STATE_BYTES)
        self._is_state_saved = True
        if self._spool is None and self.folder is not None:
            with open(
                os.open(
                    self.folder / "state",
                    os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0),
                    0o600,
                ),
                "r+b",
                buffering=0,
            ) as file:
                file.write(data)
                file.truncate()
        elif self._spool is not None and self._spool.dir is not None:
            self._spool.dir.state.put(data)

    def refuse(self, request: Request, answer: Response) -> None:
        """Puts away what the server will not take. It can be read, and sent again by hand."""
        what = ", ".join(request.cells[:3]) or request.path
        message = answer.error().get("message")
        why = message[:_WHY] if isinstance(message, str) else str(answer.status)
        warn_once(
            f"refused {what} {answer.status}",
            f"{self.url} refused values of {what}: {why} They are kept in {self.folder}/refused.jsonl.",
        )
        told = {
            "method": request.method,
            "path": request.path,
            "type": request.kind,
            "key": retry_key(request.key or ""),
            "cells": request.cells,
            "status": answer.status,
            "why": why,
        }
        self.record_refused({**told, "body": base64.b64encode(request.body).decode()})

    @property
    def current_batch(self) -> record.Batch | None:
        """The batch that was taken and is not done."""
        return self._current_batch

    def quarantine(self, batch: record.Batch, why: str) -> None:
        """Keeps the records of the batch that is being sent, and the files that they name, with what was refused."""
        warn_once(
            "aside",
            f"Some of what was logged cannot be sent to {self.url} ({why}). It is kept in {self.folder}/refused.jsonl.",
        )
        self.record_refused(
            {
                "key": f"{self.writer}:{self.number}",
                "why": why,
                "records": base64.b64encode(self._bytes).decode(),
            }
        )
        batch.files.clear()

    def aside(self, told: dict[str, Any]) -> tuple[record.Batch, str] | None:
        """What :meth:`quarantine` has kept, and the writer for its keys; nothing where the line holds none of it."""
        try:
            data, (writer, _, number) = (
                base64.b64decode(told["records"]),
                told["key"].rpartition(":"),
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            return None
        return record.decode(data, self._sync, self.layouts, is_end=True), f"{writer}.r{number}"

    def record_refused(self, told: dict[str, Any]) -> None:
        """Adds a line to what was refused."""
        self.refused += 1
        if self.folder is None:
            return
        line = json.dumps(told) + "\n"
        try:
            with open(self.folder / "refused.jsonl", "a", encoding="utf-8") as file:
                file.write(line)
        except OSError as error:
            warn_once(
                "refused",
                f"{self.folder}/refused.jsonl cannot be written ({error.strerror or error}).",
            )

    def remove(self) -> bool:
        """Removes the folder if nothing is left in it that somebody may want; whether it did. The lock stays with its owner."""
        if (
            self.folder is None
            or self.refused
            or not self.is_done_until(None)
            or (self.folder / "refused.before").exists()
        ):
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


def _checksum(state: dict[str, Any]) -> int:
    """Tells a ``state`` from a damaged one."""
    return zlib.crc32(json.dumps(state, sort_keys=True).encode())


def _parse_state(data: bytes) -> dict[str, Any] | None:
    """What ``state`` says; nothing where it is damaged."""
    state = parse_json(data)
    try:
        if state.pop("sum") != _checksum(state):
            return None
        numbers = [state["segment"], state["from"], state["to"], state["number"], *state["apart"]]
        is_sound = all(
            isinstance(number, int) and number >= 0 for number in numbers
        ) and isinstance(state.get("writer", ""), str)
        return state if is_sound and isinstance(state["apart"], list) else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def retry_key(key: str) -> str:
    """The key with which a refused request is sent again: of a writer of its own, since the server takes a number far below the newest
    of its writer for done. Always the same for the same request, so that trying it twice does no harm."""
    writer, _, number = key.rpartition(":")
    return key if writer.rpartition(".")[2].startswith("r") else f"{writer}.r{number}:0"


def _key_number(request: Request) -> int:
    """The number in the key; -1 for what is part of another request."""
    writer, _, number = (request.key or "").rpartition(":")
    return int(number) if number and "." not in writer else -1
