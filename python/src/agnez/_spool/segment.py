"""Files of a fixed size, mapped into memory: written bytes survive the process being killed."""

from __future__ import annotations

import errno
import mmap
import os
from pathlib import Path
from typing import Callable

SEGMENT_BYTES = 4 << 20
#: Size of a segment on a disk without space for a full one.
_SMALL_SEGMENT_BYTES = 64 << 10


class Segment:
    """A mapped file of ``size`` bytes.

    ``write`` appends bytes, all or none; it raises ValueError when they do not fit. It is one C
    call without a system call: threads need no lock for it, and it never releases the interpreter.
    """

    def __init__(self, number: int, path: Path, size: int) -> None:
        self.number = number
        self.path = path
        self.size = size
        # Allocate the disk space now: writing to a mapped page that the disk cannot store would
        # end the process with SIGBUS.
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        fd = os.open(path, flags, 0o600)
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

    def read(self, start: int, limit: int) -> bytes:
        return self._map[start : start + limit]

    def overwrite(self, data: bytes) -> None:
        """Writes over the beginning."""
        self._map[: len(data)] = data

    def seal(self) -> None:
        """Makes every later write fail, however small."""
        self._map.seek(0, os.SEEK_END)

    def move(self, number: int, path: Path) -> None:
        """Renames the file to its place among the segments."""
        os.rename(self.path, path)
        self.number, self.path = number, path

    def trim(self) -> None:
        """Frees the disk space behind the last record: no record ends with a zero.

        Only when nobody writes or reads any more.
        """
        try:
            os.truncate(self.path, len(self._map[:].rstrip(b"\0")))
        except (OSError, ValueError):
            return

    def close(self) -> None:
        """Unmaps the file. Only when nobody writes any more."""
        self._map.close()


def create_segment(number: int, path: Path) -> Segment:
    """Creates a segment, a small one on a disk without space for a full one; OSError otherwise."""
    try:
        return Segment(number, path, SEGMENT_BYTES)
    except OSError:
        return Segment(number, path, _SMALL_SEGMENT_BYTES)


def _allocate(fd: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(fd, 0, size)
        return
    zeros = bytes(min(size, 1 << 20))
    for _ in range(0, size, len(zeros)):
        if os.write(fd, zeros) != len(zeros):
            raise OSError(errno.ENOSPC, "the disk is full")
