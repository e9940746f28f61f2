"""Where spools are, and whose they are."""

from __future__ import annotations

import json
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

if sys.platform != "win32":
    import fcntl
else:
    import msvcrt

try:
    # Looked for now: a signal's handler that logs would find the lock of this search taken.
    tempfile.gettempdir()
except OSError:
    # No folder can be written; the spool says so when it is opened.
    pass


class Lock:
    """Says that a process owns a folder: held from :meth:`take` until :meth:`drop` or the end of the process, however it ends."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lock"
        self._fd: int | None = None

    def take(self) -> bool:
        """Whether it is ours now. Within one process it does not tell its holders apart."""
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if sys.platform != "win32":
                # Not flock: that one would go on in a forked child.
                fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            else:
                msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        except OSError:
            os.close(fd)
            return False
        self._fd = fd
        return True

    def drop(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def spool_root(spool: str | None) -> Path:
    """The folder of this user's spools: as named, or ``AGNEZ_SPOOL``, or where the system keeps a user's state."""
    named = spool or os.environ.get("AGNEZ_SPOOL")
    if named:
        return Path(named).expanduser().absolute()
    if sys.platform == "win32":
        state = os.environ.get("LOCALAPPDATA") or tempfile.gettempdir()
        return Path(state) / "agnez" / "spool"
    state = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return Path(state) / "agnez" / "spool" if os.path.isabs(state) else fallback_root()


def fallback_root() -> Path:
    """Where spools are when there is no home folder that can be written."""
    user = os.getuid() if sys.platform != "win32" else os.environ.get("USERNAME", "user")
    try:
        folder = tempfile.gettempdir()
    except OSError:
        # No folder at all can be written, this one neither: that is told when it is opened.
        folder = os.path.abspath(os.sep)
    return Path(folder) / f"agnez-spool-{user}"


def is_owned_by_user(folder: Path) -> bool:
    """Whether the folder is this user's: what others put among the spools is never read, sent or removed."""
    return sys.platform == "win32" or folder.stat().st_uid == os.getuid()


def is_private(folder: Path) -> bool:
    """Whether nobody but this user can put anything into the folder: its own, no link, and not to be written by others."""
    if sys.platform == "win32":
        return True
    told = os.lstat(folder)
    return stat.S_ISDIR(told.st_mode) and told.st_uid == os.getuid() and not told.st_mode & 0o022


def list_spools(root: Path) -> list[Path]:
    """The spools in a folder, oldest first; the folder itself if it is one."""
    if (root / "spool.json").is_file():
        return [root]
    try:
        return sorted(entry for entry in root.iterdir() if (entry / "spool.json").is_file())
    except OSError:
        return []


def read_metadata(folder: Path) -> dict[str, Any]:
    """What a spool says of itself; nothing where it cannot be read."""
    try:
        told = json.loads((folder / "spool.json").read_bytes())
    except (OSError, ValueError, RecursionError, MemoryError):
        return {}
    return told if isinstance(told, dict) else {}


def abandoned_spools(root: Path) -> Iterator[Path]:
    """The spools of processes that have ended. Those of this process must not be among them."""
    for folder in list_spools(root):
        lock = Lock(folder)
        try:
            if is_owned_by_user(folder) and lock.take():
                lock.drop()
                yield folder
        except OSError:
            continue
