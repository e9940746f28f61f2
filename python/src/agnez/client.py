"""One process' connection to one server: its spool, its sender, and their end."""

from __future__ import annotations

import atexit
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

from . import place, record, tell
from .replay import Busy, replay
from .sender import Sender
from .spool import Spool
from .tell import tell_once

#: Of everything that waits to be sent by one process to one server.
SPOOL_BYTES = 1 << 30
#: The server takes bodies of 16 MiB, and values of 8 MiB that are no pictures.
_MEDIA_BYTES = 15 << 20
_VALUE_BYTES = 8 << 20
EXIT_S = 5.0

_clients: Dict[Tuple[str, str], "Client"] = {}
_lock = threading.Lock()


class Client:
    """Shared by all boards of a process that write to the same server."""

    def __init__(self, url: str, root: Optional[str], cap: int) -> None:
        self.spool = Spool(url, root, cap)
        self._sender: Optional[Sender] = None

    @staticmethod
    def of(url: str, root: Optional[str]) -> "Client":
        cap = int(float(os.environ.get("AGNEZ_SPOOL_MIB", SPOOL_BYTES >> 20)) * (1 << 20))
        with _lock:
            return _clients.setdefault((url, str(place.spools(root))), Client(url, root, cap))

    def ready(self) -> None:
        """Opens the spool and starts the sender where that is still to be done, or to be done again after a fork."""
        if self._sender is not None:
            return
        with self.spool.lock:
            if self._sender is not None:
                return
            self.spool.open()
            try:
                self._sender = Sender(self.spool)
            except (RuntimeError, OSError) as error:
                tell_once("thread", f"The sender cannot be started ({error}). What is logged stays in the spool {self.spool.folder}.")
                return
        _finish_with_multiprocessing()
        self._mention()

    def _mention(self) -> None:
        folder = self.spool.folder
        if folder is None:
            return
        mine = {client.spool.folder for client in list(_clients.values())}
        family = {client.spool.writer for client in list(_clients.values())} | {client.spool.parent for client in list(_clients.values())}
        others = [entry for entry in place.folders(folder.parent)[-1000:] if entry not in mine and place.about(entry).get("parent") not in family - {""}]
        old = sum(1 for entry in others if next(place.abandoned(entry), None))
        if old:
            tell_once("old", f"{old} earlier runs left values unsent in {folder.parent}: `python -m agnez replay {folder.parent}` sends them.")

    # ---- what is logged ------------------------------------------------------------------------------------------

    def change(self, id: str, keys: Dict[str, Any]) -> None:
        """Changes keys of a cell: a PATCH. ``keys`` holds JSON's own types."""
        self.ready()
        spool = self.spool
        data = record.change(spool.sync, id, keys)
        if len(data) > record.CHANGE_BYTES and "value" in keys:
            value = json.dumps(keys["value"], separators=(",", ":"), allow_nan=False).encode()
            if len(value) > _VALUE_BYTES:
                self._too_large(id, len(value), _VALUE_BYTES)
                return
            name = spool.keep_file(value)
            if name is not None:
                rest = {key: item for key, item in keys.items() if key != "value"}
                data = record.change(spool.sync, id, {**rest, "file": {"name": name}})
        spool.put(data, 0)

    def media(self, id: str, keys: Dict[str, Any], content: bytes, kind: str) -> None:
        """Changes a cell's value to a picture, and other keys with it."""
        if len(content) * 4 // 3 > _MEDIA_BYTES:
            self._too_large(id, len(content), _MEDIA_BYTES * 3 // 4)
            return
        self.ready()
        if len(content) * 4 // 3 > record.CHANGE_BYTES:
            name = self.spool.keep_file(content)
            if name is not None:
                self.spool.put(record.change(self.spool.sync, id, {**keys, "file": {"name": name, "media": kind}}), 0)
                return
        from base64 import b64encode

        self.spool.put(record.change(self.spool.sync, id, {**keys, "value": f"data:{kind};base64,{b64encode(content).decode()}"}), 0)

    def _too_large(self, id: str, size: int, most: int) -> None:
        self.ready()
        with self.spool.lock:
            self.spool.overflow.dropped["changes"] += 1
        tell_once(f"large {id}", f"A value of the cell {id} was dropped: it has {size / 2**20:.1f} MiB, the server takes {most / 2**20:.0f}.")

    # ---- the end -------------------------------------------------------------------------------------------------

    def flush(self, timeout: float) -> bool:
        sender = self._sender
        return sender is None or sender.flush(timeout)

    def close(self, timeout: float) -> bool:
        """Sends what is left, at most ``timeout`` seconds long; whether all of it was sent. What is logged later begins a new spool."""
        until = time.monotonic() + timeout
        sender, spool = self._sender, self.spool
        if sender is None:
            return True
        was_sent = sender.flush(max(0.0, until - time.monotonic() - 0.2))
        folder, writer, dropped = spool.folder, spool.writer, dict(spool.overflow.dropped)
        sender.stop(max(0.1, until - time.monotonic()))
        with spool.lock:
            self._sender = None
            is_empty = not sender.is_running and sender.remove()
            spool.close()
        if folder is not None:
            self._adopt(folder.parent, writer, until)
        lost = ", ".join(f"{count} {what}" for what, count in dropped.items() if count)
        if lost:
            tell.tell(f"Dropped because the spool was full or a value too large: {lost}.")
        if not is_empty and folder is not None and folder.exists():
            what = "What the server refused is" if was_sent else "Not everything was sent. The rest is"
            tell.tell(f"{what} in {folder}: `python -m agnez replay {folder}` sends it.")
        return was_sent

    def _adopt(self, root: Path, writer: str, until: float) -> None:
        """Sends what forked children left behind that ended without a word (``os._exit``, a worker that was killed)."""
        for folder in place.folders(root):
            try:
                about = place.about(folder)
                left = until - time.monotonic()
                if about.get("parent") == writer and about.get("pid") != os.getpid() and left > 0.5:
                    replay(folder, timeout=min(left, 1.0))
            except (OSError, ValueError, Busy, TimeoutError):
                continue

    def forked(self) -> None:
        self._sender = None
        self.spool.forked()


def close_all(timeout: float = EXIT_S) -> None:
    """The end of the process: ``timeout`` seconds for all clients together."""
    until = time.monotonic() + timeout
    for client in list(_clients.values()):
        client.close(max(0.2, until - time.monotonic()))


def _after_fork() -> None:
    global _lock
    _lock = threading.Lock()
    tell.forked()
    for client in list(_clients.values()):
        client.forked()


def _finish_with_multiprocessing() -> None:
    """Children of ``multiprocessing`` leave without ``atexit``; they have finalizers of their own."""
    process = sys.modules.get("multiprocessing.process")
    util: Any = sys.modules.get("multiprocessing.util")
    if process is not None and util is not None and process.parent_process() is not None:
        util.Finalize(None, close_all, exitpriority=10)


def clients() -> List[Client]:
    return list(_clients.values())


atexit.register(close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
