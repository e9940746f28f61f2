"""The reading side of a spool: which records come next, and which have been sent."""

from __future__ import annotations

import base64
import os
import secrets
from pathlib import Path
from typing import Any, Protocol

from .._messages import warn_once
from .._spool import record
from .._spool.spool import Spool
from .._spool.spool_dir import STATE_BYTES
from . import request_builder
from .http import Request, Response
from .progress import Progress
from .refused import RefusedLog, refusal

#: Bytes of a batch: few enough that decoding does not hold the interpreter for long.
CHUNK = 32 << 10

#: A position in the spool: segment and byte.
Position = tuple[int, int]


class SegmentReader(Protocol):
    """A segment that can be read: a mapped one, or a file of an ended process."""

    size: int

    @property
    def end(self) -> int: ...

    def read(self, start: int, limit: int) -> bytes: ...


class SegmentFile:
    """A segment of an ended process."""

    def __init__(self, path: Path) -> None:
        self._data = path.read_bytes()
        self.size = self.end = len(self._data)

    def read(self, start: int, limit: int) -> bytes:
        return self._data[start : start + limit]


class Outbox:
    """The records of one spool in batches, in order.

    Before a batch is sent, the file ``state`` says which bytes and keys it has, so that after a
    crash the same requests are sent again under the same keys.
    """

    def __init__(
        self, folder: Path | None, url: str, writer: str, sync: bytes, spool: Spool | None
    ) -> None:
        self.folder = folder
        self.url = url
        self.writer = writer
        self.refused = RefusedLog(folder)
        self.cells: dict[str, dict[str, Any]] = spool.cells if spool else {}
        self.layouts: dict[int, record.Layout] = spool.layouts if spool else {}
        #: Number of the current batch's first key.
        self.number = 0
        #: The batch of :meth:`next_batch` until :meth:`finish_batch`.
        self.current_batch: record.Batch | None = None
        self._sync = sync
        self._spool = spool
        self._segment = 0
        self._start = 0
        self._end = 0
        #: How many keys the current batch uses.
        self._keys_used = 0
        #: End of the batch that an ended process had begun to send.
        self._in_flight_end = 0
        #: Key numbers of the current batch that were refused as a whole and are sent by cell.
        self._split: list[int] = []
        self._is_state_saved = True
        #: The bytes of the current batch.
        self._bytes = b""
        #: Records are on their way from memory into :attr:`current_batch`.
        self._is_taking_from_memory = False
        self._reader: SegmentReader | None = None

    @staticmethod
    def of(spool: Spool) -> Outbox:
        """The outbox of the running process."""
        return Outbox(spool.folder, spool.url, spool.writer, spool.sync, spool)

    def resume(self) -> None:
        """Continues where the ended process was: a batch in flight comes again unchanged."""
        assert self.folder is not None, "an abandoned spool is on disk"
        try:
            data = (self.folder / "state").read_bytes()
        except FileNotFoundError:
            data = b""
        progress = Progress.decode(data)
        if progress is not None:
            self._segment, self._start = progress.segment, progress.start
            self._in_flight_end = progress.end
            self.number, self._split = progress.number, progress.split
            self.writer = progress.writer if progress.writer is not None else self.writer
        else:
            numbers = self._segment_numbers()
            self._segment = min(numbers, default=0)
            # Zeros: `state` was never written, so nothing was sent.
            if numbers and (not data or data.strip(b"\0") or self._segment):
                # The used keys are unknown: under one of them the server would take a new request
                # for a repetition.
                self.writer = secrets.token_hex(8)
                warn_once(
                    f"state {self.folder}",
                    f"The file state of {self.folder} is damaged: all that is left there is sent, "
                    "and some of it maybe twice.",
                )
        self._end = self._start
        self.refused.resume()

    # ---- batches ---------------------------------------------------------------------------------

    def next_batch(self) -> record.Batch | None:
        """The next batch, to be sent before :meth:`finish_batch`; None if there is none now."""
        batch = self._from_disk()
        if batch is None and self._spool is not None and self._spool.memory.records:
            self._is_taking_from_memory = True
            batch = self._from_memory(self._spool)
        if batch is None:
            self._is_taking_from_memory = False
            if not self._is_state_saved:
                self._save_state()
            return None
        self._keys_used = request_builder.count_requests(batch, self.layouts)
        self.current_batch = batch
        self._is_taking_from_memory = False
        self._save_state()
        return batch

    def finish_batch(self) -> None:
        """The batch has been answered.

        ``state`` records that with the next batch, or when there is none. Until then a replay may
        send this batch again, without effect.
        """
        batch, self.current_batch = self.current_batch, None
        self._start = self._end
        self.number += self._keys_used
        self._keys_used = 0
        self._split = []
        self._is_state_saved = False
        if batch is not None and batch.files:
            self._save_state()
            self._remove_files(batch)

    def _from_disk(self) -> record.Batch | None:
        while True:
            reader = self._reader = self._reader or self._open(self._segment)
            if reader is None:
                if self._skip_missing_segment():
                    continue
                return None
            # The end comes first: of a full segment, everything up to it is then final.
            end = reader.end
            is_full = end == reader.size
            batch = self._read(reader, end, is_full)
            if batch is not None and batch.is_torn:
                warn_once(
                    f"torn {self.writer}",
                    f"The spool {self.folder} has bytes that are no record; they were passed over.",
                )
            if batch is not None and not batch.is_empty():
                self._end = self._start + batch.size
                return batch
            if batch is not None:
                self._start = self._end = self._start + batch.size
                continue
            if not is_full:
                return None
            self._finish_segment()

    def _read(self, reader: SegmentReader, end: int, is_full: bool) -> record.Batch | None:
        """Decodes a batch, possibly empty; None at the end of the written bytes."""
        if self._in_flight_end > self._start:
            data = reader.read(self._start, self._in_flight_end - self._start)
            self._in_flight_end = 0
            self._bytes = data
            return record.decode(data, self._sync, self.layouts, is_end=True)
        size = CHUNK
        while self._start < end:
            data = reader.read(self._start, min(size, end - self._start))
            if is_full and not data.strip(b"\0"):
                return None
            is_rest = self._start + len(data) == end
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
        return None if batch.is_empty() else batch

    def is_split(self, request: Request) -> bool:
        """Whether the request was refused as a whole, by this process or the ended one."""
        return request.is_divisible and _key_number(request) in self._split

    def mark_split(self, request: Request) -> None:
        """Remembers, across a crash, that the request was refused as a whole."""
        self._split.append(_key_number(request))
        self._save_state()

    # ---- segments --------------------------------------------------------------------------------

    def _open(self, number: int) -> SegmentReader | None:
        if self._spool is not None:
            return self._spool.dir.segments.get(number) if self._spool.dir else None
        assert self.folder is not None, "an abandoned spool is on disk"
        try:
            return SegmentFile(self.folder / f"{number:06}.seg")
        except OSError:
            return None

    def _segment_numbers(self) -> list[int]:
        """The numbers of the segments in the folder."""
        assert self.folder is not None, "an abandoned spool is on disk"
        files = self.folder.glob("*.seg")
        return sorted(int(path.stem) for path in files if path.stem.isdecimal())

    def _skip_missing_segment(self) -> bool:
        """Goes to the next segment that exists, if this one was lost. Returns whether it did."""
        numbers = [] if self._spool is not None else self._segment_numbers()
        later = [number for number in numbers if number > self._segment]
        if self._segment in numbers or not later:
            return False
        self._segment = min(later)
        self._start = self._end = self._in_flight_end = 0
        return True

    def _finish_segment(self) -> None:
        """Goes to the next segment, and removes the one that was read to its end."""
        number = self._segment
        self._reader = None
        # In this order: for other threads, the next segment must never appear to be read.
        self._start = self._end = 0
        self._segment += 1
        self._save_state()
        if self._spool is not None:
            self._spool.forget(segment=number)
        if self.folder is not None:
            try:
                (self.folder / f"{number:06}.seg").unlink()
            except OSError:
                return

    def _remove_files(self, batch: record.Batch) -> None:
        for name in batch.files:
            if self._spool is not None:
                self._spool.forget(file=name)
            path = request_builder.value_file(self.folder, name)
            if path is not None:
                try:
                    path.unlink()
                except OSError:
                    continue

    # ---- progress --------------------------------------------------------------------------------

    def is_done_until(self, target: Position | None) -> bool:
        """Whether everything before ``target`` has been answered; None: whether nothing is left."""
        if target is not None:
            return (self._segment, self._start) >= target
        return (
            not self.has_more() and not self._is_taking_from_memory and self.current_batch is None
        )

    def has_more(self) -> bool:
        """Whether there are records that were not sent."""
        if self._spool is None:
            return self._open(self._segment) is not None
        end = self._spool.end()
        if end is not None:
            return (self._segment, self._start) < end
        # A segment that a full disk ended is forgotten once it was read to its end.
        return bool(self._spool.memory.records) or self._open(self._segment) is not None

    def _save_state(self) -> None:
        """Overwrites ``state`` in place, which needs no disk space."""
        # Records from memory are lost in a crash, but their keys were used.
        number = self.number + (self._keys_used if self._start == self._end else 0)
        writer = self.writer if self._spool is None else None
        progress = Progress(self._segment, self._start, self._end, number, self._split, writer)
        data = progress.encode().ljust(STATE_BYTES)
        self._is_state_saved = True
        if self._spool is not None:
            if self._spool.dir is not None:
                self._spool.dir.state.overwrite(data)
        elif self.folder is not None:
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
            with open(os.open(self.folder / "state", flags, 0o600), "r+b", buffering=0) as file:
                file.write(data)
                file.truncate()

    # ---- refusals --------------------------------------------------------------------------------

    def record_refused(self, request: Request, response: Response) -> None:
        """Stores a request that the server will not take, for a retry by hand."""
        cells = ", ".join(request.cells[:3]) or _run_label(request) or request.path
        line = refusal(request, response)
        warn_once(
            f"refused {cells} {response.status}",
            f"{self.url} refused values of {cells}: {line['why']} "
            f"They are kept in {self.folder}/refused.jsonl.",
        )
        self.refused.append(line)

    def quarantine(self, batch: record.Batch, reason: str) -> None:
        """Stores the records of the current batch, and keeps their value files, for a retry."""
        warn_once(
            "quarantine",
            f"Some of what was logged cannot be sent to {self.url} ({reason}). "
            f"It is kept in {self.folder}/refused.jsonl.",
        )
        self.refused.append(
            {
                "key": f"{self.writer}:{self.number}",
                "why": reason,
                "records": base64.b64encode(self._bytes).decode(),
            }
        )
        batch.files.clear()

    def quarantined(self, line: dict[str, Any]) -> tuple[record.Batch, str] | None:
        """The batch that :meth:`quarantine` stored, and the writer of its keys; None if none."""
        try:
            data = base64.b64decode(line["records"])
            writer, _, number = line["key"].rpartition(":")
        except (KeyError, TypeError, ValueError, AttributeError):
            return None
        batch = record.decode(data, self._sync, self.layouts, is_end=True)
        return batch, f"{writer}.r{number}"

    def remove(self) -> bool:
        """Removes the folder if nothing in it is left to send. Returns whether it did."""
        if self.folder is None or self.refused.count or self.refused.is_retry_unfinished:
            return False
        if not self.is_done_until(None):
            return False
        if self._spool is None and any(
            number >= self._segment for number in self._segment_numbers()
        ):
            # It cannot be read now.
            return False
        try:
            # First: a folder without spool.json is no spool.
            (self.folder / "spool.json").unlink()
            for entry in list(self.folder.iterdir()):
                entry.unlink()
            self.folder.rmdir()
        except OSError:
            return False
        return True


def _run_label(request: Request) -> str:
    return f"the run {request.run} of the board {request.board}" if request.run else ""


def _key_number(request: Request) -> int:
    """The number in the request's key; -1 for a part of a split request."""
    writer, _, number = (request.key or "").rpartition(":")
    return int(number) if number and "." not in writer else -1
