"""A spool's folder: segments of records, files of larger values, what the records name, and how far the sender is."""

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
from .segment import SEGMENT_BYTES, Segment, create_segment

#: ``state``, padded with blanks.
STATE_BYTES = 512


class SpoolDir:
    """Made with its folder; OSError where there is no room for it, then nothing of it is left. Its owner holds a lock around every call,
    except :attr:`write`, which any thread may call at any time."""

    def __init__(self, root: Path, about: Mapping[str, Any], cap: int) -> None:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        if root == paths.fallback_root() and not paths.is_private(root):
            # Anybody may have made it first: its name is known, and all may write beside it.
            raise OSError(errno.EPERM, "it is not this user's alone")
        self.folder = root / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}-{about['writer']}"
        self.folder.mkdir(mode=0o700)
        self.cap = cap
        #: Those that are not read to their end, by number; the newest is the one that is written.
        self.segments: dict[int, Segment] = {}
        #: Files with larger values that are not sent yet, oldest first, and their bytes.
        self.files: OrderedDict[str, int] = OrderedDict()
        #: Files that had to make room.
        self.dropped = 0
        self.lock = paths.Lock(self.folder)
        self._spare: Segment | None = None
        self._file_number = 0
        self._told: list[bytes] = []
        try:
            self.lock.take()
            self.state = Segment(0, self.folder / "state", STATE_BYTES)
            self._use(create_segment(0, self.folder / "000000.seg"))
            told = {
                **about,
                "pid": os.getpid(),
                "program": os.path.basename((getattr(sys, "argv", None) or [""])[0]),
            }
            # Last: a folder without it is not a spool yet.
            (self.folder / "spool.json").write_text(json.dumps(told))
        except OSError:
            self.lock.drop()
            for entry in list(self.folder.iterdir()):
                entry.unlink()
            self.folder.rmdir()
            raise

    def _use(self, segment: Segment) -> None:
        self.segments[segment.number] = segment
        self._next = segment.number + 1
        self.write: Callable[[bytes], int] = segment.write

    def last(self) -> Segment | None:
        """The segment that is written, while it is not read to its end."""
        return self.segments.get(self._next - 1)

    def end(self) -> tuple[int, int]:
        """The place after the last record: a segment's number and a byte."""
        last = self.last()
        return (last.number, last.end) if last is not None else (self._next, 0)

    # ---- records ---------------------------------------------------------------------------------------------------

    def put(self, data: bytes) -> None:
        """Appends a record; OSError where there is no room."""
        try:
            self.write(data)
        except ValueError:
            self.rotate(len(data))
            self.write(data)

    def rotate(self, least: int = 0) -> None:
        """Begins the next segment, for a record of so many bytes at least; OSError where there is no room for one."""
        if self._is_full():
            raise OSError(errno.EDQUOT, f"it has reached its limit of {self.cap >> 20} MiB")
        path = self.folder / f"{self._next:06}.seg"
        if path.exists():
            # Made when Ctrl+C came, and never written.
            path.unlink()
        segment, self._spare = self._spare, None
        if segment is not None and segment.size >= least:
            segment.move(self._next, path)
        else:
            segment = (
                Segment(self._next, path, least)
                if least > SEGMENT_BYTES
                else create_segment(self._next, path)
            )
        if segment.size < least:
            segment.path.unlink()
            raise OSError(errno.ENOSPC, "no space left")
        # Before the new one is used: a thread that is about to write finds the old one full, and takes the long way.
        self.seal()
        self._use(segment)

    def prepare(self) -> None:
        """For the sender: makes the next segment ahead, so that no writer waits for it."""
        last = self.last()
        if self._spare is None and last is not None and last.size // 2 < last.end < last.size:
            try:
                self._spare = Segment(-1, self.folder / "spare", SEGMENT_BYTES)
            except OSError:
                return

    def seal(self) -> None:
        """From now on nothing is written before the next :meth:`rotate`."""
        last = self.last()
        if last is not None:
            last.seal()

    def forget(self, number: int) -> None:
        """A segment was read to its end."""
        self.segments.pop(number, None)

    def tell(self, what: Mapping[str, Any] | None = None) -> None:
        """Puts a line into ``cells.jsonl``, after those that a full disk did not take before; OSError where it takes none."""
        if what is not None:
            self._told.append(
                json.dumps(what, separators=(",", ":"), allow_nan=False).encode() + b"\n"
            )
        if not self._told:
            return
        with open(self.folder / "cells.jsonl", "ab", buffering=0) as file:
            while self._told:
                # A torn line before this one ends here; empty lines are passed over.
                text = b"\n" + self._told[0]
                if file.write(text) != len(text):
                    raise OSError(errno.ENOSPC, "no space left")
                self._told.pop(0)

    def trim(self) -> None:
        """Only when nobody writes or reads any more."""
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
        """Closes the files; what they hold stays."""
        for segment in (
            *self.segments.values(),
            self.state,
            *([self._spare] if self._spare else []),
        ):
            segment.close()

    # ---- larger values ---------------------------------------------------------------------------------------------

    def keep(self, data: bytes) -> str | None:
        """Puts a value into a file of its own; its name, or nothing where there is no room."""
        most = self.cap // 2
        while self.files and sum(self.files.values()) + len(data) > most:
            self._drop()
        if len(data) > most:
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
        """Whether no further segment may begin. Larger values make room, the oldest before the others."""
        taken = sum(segment.size for segment in self.segments.values()) + SEGMENT_BYTES
        while self.files and taken + sum(self.files.values()) > self.cap:
            self._drop()
        return taken > self.cap

    def _drop(self) -> None:
        name, _ = self.files.popitem(last=False)
        try:
            os.unlink(self.folder / name)
        except OSError:
            return
        self.dropped += 1
