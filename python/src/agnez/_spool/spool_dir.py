"""The folder of a spool: segments, value files, definitions and the sender's progress."""

from __future__ import annotations

import errno
import json
import os
import sys
import time
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Callable

from . import paths
from .lock import FolderLock
from .segment import SEGMENT_BYTES, Segment, create_segment

#: Size of the file ``state``, padded with blanks.
STATE_BYTES = 512


class SpoolDir:
    """Creates the folder, or raises OSError and leaves nothing.

    The owner holds a lock around every call, except :attr:`write`, which any thread may call.
    """

    def __init__(self, root: Path, metadata: Mapping[str, Any], cap: int) -> None:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        if root == paths.fallback_root() and not paths.is_private(root):
            # Its name is predictable, and everyone can write beside it: another user may own it.
            raise OSError(errno.EPERM, "other users can write into it")
        started = time.strftime("%Y%m%d-%H%M%S")
        self.folder = root / f"{started}-{os.getpid()}-{metadata['writer']}"
        self.folder.mkdir(mode=0o700)
        self.cap = cap
        #: Segments that are not read to their end, by number; the newest is being written.
        self.segments: dict[int, Segment] = {}
        #: Value files that are not sent yet, oldest first, and their sizes in bytes.
        self.files: OrderedDict[str, int] = OrderedDict()
        #: How many value files were removed to make space.
        self.dropped = 0
        self.lock = FolderLock(self.folder)
        self._spare: Segment | None = None
        self._file_number = 0
        self._pending_definitions: list[bytes] = []
        try:
            self.lock.acquire()
            self.state = Segment(0, self.folder / "state", STATE_BYTES)
            self._use(create_segment(0, self.folder / "000000.seg"))
            program = os.path.basename((getattr(sys, "argv", None) or [""])[0])
            document = {**metadata, "pid": os.getpid(), "program": program}
            # Last: a folder without spool.json is not a spool yet.
            (self.folder / "spool.json").write_text(json.dumps(document))
        except OSError:
            self.lock.release()
            for entry in list(self.folder.iterdir()):
                entry.unlink()
            self.folder.rmdir()
            raise

    def _use(self, segment: Segment) -> None:
        self.segments[segment.number] = segment
        self._next = segment.number + 1
        self.write: Callable[[bytes], int] = segment.write

    def last(self) -> Segment | None:
        """The segment that is being written; None if it was read to its end."""
        return self.segments.get(self._next - 1)

    def end(self) -> tuple[int, int]:
        """The position after the last record: segment number and byte."""
        last = self.last()
        return (last.number, last.end) if last is not None else (self._next, 0)

    # ---- records ---------------------------------------------------------------------------------

    def append(self, data: bytes) -> None:
        """Appends a record; OSError without disk space."""
        try:
            self.write(data)
        except ValueError:
            self.rotate(len(data))
            self.write(data)

    def rotate(self, least: int = 0) -> None:
        """Begins the next segment, of at least ``least`` bytes; OSError without disk space."""
        if self._is_full():
            raise OSError(errno.EDQUOT, f"it has reached its limit of {self.cap >> 20} MiB")
        path = self.folder / f"{self._next:06}.seg"
        if path.exists():
            # Created when Ctrl+C came, and never written.
            path.unlink()
        segment, self._spare = self._spare, None
        if segment is not None and segment.size >= least:
            segment.move(self._next, path)
        elif least > SEGMENT_BYTES:
            segment = Segment(self._next, path, least)
        else:
            segment = create_segment(self._next, path)
        if segment.size < least:
            segment.path.unlink()
            raise OSError(errno.ENOSPC, "no space left")
        # Before the new segment is in use: a thread that is about to write finds the old segment
        # full, and takes the slow path.
        self.seal()
        self._use(segment)

    def prepare(self) -> None:
        """Creates the next segment ahead, for the sender, so that no writer waits for it."""
        last = self.last()
        if self._spare is None and last is not None and last.size // 2 < last.end < last.size:
            try:
                self._spare = Segment(-1, self.folder / "spare", SEGMENT_BYTES)
            except OSError:
                return

    def seal(self) -> None:
        """Makes writes fail until the next :meth:`rotate`."""
        last = self.last()
        if last is not None:
            last.seal()

    def forget_segment(self, number: int) -> None:
        """A segment was read to its end."""
        self.segments.pop(number, None)

    def append_definition(self, definition: Mapping[str, Any] | None = None) -> None:
        """Appends a line to ``cells.jsonl``, after the lines that an earlier full disk refused.

        OSError without disk space; the line is then appended by a later call.
        """
        if definition is not None:
            text = json.dumps(definition, separators=(",", ":"), allow_nan=False)
            self._pending_definitions.append(text.encode() + b"\n")
        if not self._pending_definitions:
            return
        with open(self.folder / "cells.jsonl", "ab", buffering=0) as file:
            while self._pending_definitions:
                # The newline ends a torn line before this one; readers skip empty lines.
                line = b"\n" + self._pending_definitions[0]
                if file.write(line) != len(line):
                    raise OSError(errno.ENOSPC, "no space left")
                self._pending_definitions.pop(0)

    def trim(self) -> None:
        """Frees unused disk space. Only when nobody writes or reads any more."""
        spare, self._spare = self._spare, None
        try:
            if spare is not None:
                spare.path.unlink()
        except OSError:
            pass
        last = self.last()
        if last is not None:
            last.trim()

    def close(self) -> None:
        """Closes the files, whose content stays."""
        spare = [self._spare] if self._spare else []
        for segment in (*self.segments.values(), self.state, *spare):
            segment.close()

    # ---- value files -----------------------------------------------------------------------------

    def store_value(self, data: bytes) -> str | None:
        """Writes a value into a file of its own. Returns its name; None without disk space."""
        limit = self.cap // 2
        while self.files and sum(self.files.values()) + len(data) > limit:
            self._drop_oldest_value()
        if len(data) > limit:
            return None
        path = self.folder / f"{self._file_number:06}.value"
        self._file_number += 1
        try:
            path.write_bytes(data)
        except OSError:
            if path.exists():
                path.unlink()
            return None
        self.files[path.name] = len(data)
        return path.name

    def _is_full(self) -> bool:
        """Whether the cap allows no further segment, even without the value files."""
        taken = sum(segment.size for segment in self.segments.values()) + SEGMENT_BYTES
        while self.files and taken + sum(self.files.values()) > self.cap:
            self._drop_oldest_value()
        return taken > self.cap

    def _drop_oldest_value(self) -> None:
        name, _ = self.files.popitem(last=False)
        try:
            os.unlink(self.folder / name)
        except OSError:
            return
        self.dropped += 1
