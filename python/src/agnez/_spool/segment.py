"""Files of a fixed size, written through memory: what a process has put into one is on the file when the process is killed."""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from typing import Callable

SEGMENT_BYTES = 4 << 20
#: Where there is no room for more.
_LEAST_BYTES = 64 << 10


class Segment:
    """``write`` appends bytes, all or none: ValueError when they do not fit any more. It is one call of C without a system call in it:
    threads need no lock for it, and no thread is made to wait for the interpreter because of it."""

    def __init__(self, number: int, path: Path, size: int) -> None:
        self.number = number
        self.path = path
        self.size = size
        # Its room on disk is taken now. A page that a full disk could not store would end the process.
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        try:
            _allocate(fd, size)
            self._map = mmap.mmap(fd, size)
        except (OSError, ValueError) as error:
            path.unlink()
            raise error if isinstance(error, OSError) else OSError(str(error)) from error
        finally:
            os.close(fd)
        self.write: Callable[[bytes], int] = self._map.write

    @property
    def end(self) -> int:
        """How many bytes were written."""
        return self._map.tell()

    def read(self, start: int, most: int) -> bytes:
        return self._map[start : start + most]

    def put(self, data: bytes) -> None:
        """Writes over the beginning."""
        self._map[: len(data)] = data

    def seal(self) -> None:
        """From now on nothing fits, however small."""
        self._map.seek(0, os.SEEK_END)

    def move(self, number: int, path: Path) -> None:
        """Gives it its place among the others."""
        os.rename(self.path, path)
        self.number, self.path = number, path

    def trim(self) -> None:
        """Gives back the room behind the last record. Only when nobody writes or reads any more: no record ends with a zero."""
        try:
            os.truncate(self.path, len(self._map[:].rstrip(b"\0")))
        except (OSError, ValueError):
            return

    def close(self) -> None:
        """Only when nobody writes any more."""
        self._map.close()


def create_segment(number: int, path: Path) -> Segment:
    """A new segment, a small one where the disk has no room for another; OSError where it has none for that."""
    try:
        return Segment(number, path, SEGMENT_BYTES)
    except OSError:
        return Segment(number, path, _LEAST_BYTES)


def _allocate(fd: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(fd, 0, size)
        return
    zeros = bytes(min(size, 1 << 20))
    for _ in range(0, size, len(zeros)):
        if os.write(fd, zeros) != len(zeros):
            raise OSError(28, "the disk is full")
