"""Where spools are, and which user owns them."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .lock import FolderLock

with contextlib.suppress(OSError):
    # The search holds a lock, which a signal handler that logs could find taken: search now.
    # If no folder is writable, opening the spool reports it.
    tempfile.gettempdir()


def spool_root(spool: str | None) -> Path:
    """The folder of this user's spools: ``spool``, ``AGNEZ_SPOOL``, or the user's state folder."""
    named = spool or os.environ.get("AGNEZ_SPOOL")
    if named:
        return Path(named).expanduser().absolute()
    if sys.platform == "win32":
        state = os.environ.get("LOCALAPPDATA") or tempfile.gettempdir()
        return Path(state) / "agnez" / "spool"
    state = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return Path(state) / "agnez" / "spool" if os.path.isabs(state) else fallback_root()


def fallback_root() -> Path:
    """The folder of spools without a writable home folder."""
    user = os.getuid() if sys.platform != "win32" else os.environ.get("USERNAME", "user")
    try:
        folder = tempfile.gettempdir()
    except OSError:
        # No folder is writable, this one neither; opening the spool reports it.
        folder = os.path.abspath(os.sep)
    return Path(folder) / f"agnez-spool-{user}"


def is_owned_by_user(folder: Path) -> bool:
    """Whether this user owns the folder: other users' spools are not read, sent or removed."""
    return sys.platform == "win32" or folder.stat().st_uid == os.getuid()


def is_private(folder: Path) -> bool:
    """Whether only this user can write into the folder: owned, no link, mode without 022."""
    if sys.platform == "win32":
        return True
    status = os.lstat(folder)
    is_own_folder = stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid()
    return is_own_folder and not status.st_mode & 0o022


def list_spools(root: Path) -> list[Path]:
    """The spools in a folder, oldest first; the folder itself if it is a spool."""
    if (root / "spool.json").is_file():
        return [root]
    try:
        return sorted(entry for entry in root.iterdir() if (entry / "spool.json").is_file())
    except OSError:
        return []


def read_metadata(folder: Path) -> dict[str, Any]:
    """The content of ``spool.json``; empty if it cannot be read."""
    try:
        metadata = json.loads((folder / "spool.json").read_bytes())
    except (OSError, ValueError, RecursionError, MemoryError):
        return {}
    return metadata if isinstance(metadata, dict) else {}


def abandoned_spools(root: Path) -> Iterator[Path]:
    """The spools of processes that have ended. This process must own none of them."""
    for folder in list_spools(root):
        lock = FolderLock(folder)
        try:
            if is_owned_by_user(folder) and lock.acquire():
                lock.release()
                yield folder
        except OSError:
            continue
