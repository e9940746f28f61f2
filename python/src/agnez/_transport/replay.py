"""Sends the spool of an ended process: it was killed, or could not reach the server."""

from __future__ import annotations

import struct
import time
from pathlib import Path
from typing import Any

from .._spool import paths, record
from .._spool.lock import FolderLock
from . import request_builder
from .credentials import register_server
from .delivery import Delivery, StoppedError
from .http import Request, ServerConnection
from .outbox import Outbox
from .refused import read_lines, refused_request


class SpoolInUseError(Exception):
    """The spool belongs to a running process."""


def open_outbox(folder: Path, url: str | None) -> Outbox:
    """Opens an ended process' spool; ValueError if the folder holds none."""
    metadata = paths.read_metadata(folder)
    try:
        sync = bytes.fromhex(metadata["sync"])
        if len(sync) != 4 or not isinstance(metadata["writer"], str):
            raise ValueError("its sync marker or its writer is invalid")
        server = register_server(url or metadata["url"])
        outbox = Outbox(folder, server, metadata["writer"], sync, None)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{folder} holds no spool that this version can read ({error})") from error
    for line in read_lines(folder / "cells.jsonl"):
        try:
            if "layout" in line:
                outbox.layouts[line["layout"]] = _parse_layout(line)
            elif isinstance(line["id"], str) and isinstance(line["cell"], dict):
                outbox.cells.setdefault(line["id"], line["cell"])
        except (KeyError, TypeError, ValueError, struct.error):
            # Records that refer to this line are skipped, with a warning.
            continue
    outbox.resume()
    return outbox


def _parse_layout(line: dict[str, Any]) -> record.Layout:
    number, series = line["layout"], [(cell, name) for cell, name in line["series"]]
    is_number = isinstance(number, int) and 0 <= number < record.CHANGE
    if not is_number or not all(isinstance(part, str) for pair in series for part in pair):
        raise ValueError("no layout")
    run = line.get("run")
    if run is None:
        return record.Layout(number, series)
    board, id = run
    if not isinstance(board, str) or not isinstance(id, str):
        raise ValueError("no run")
    return record.Layout(number, series, (board, id))


def replay(
    folder: Path, *, url: str | None = None, refused: bool = False, timeout: float = 60.0
) -> str:
    """Sends the rest of a spool, and removes the folder when nothing is left.

    Returns a sentence about it. Doing it twice is harmless: the server recognises repetitions.
    ``url``: another server than that of the run. ``refused``: also retry refused requests. Raises
    :class:`SpoolInUseError`, ValueError (no spool), and TimeoutError when the server cannot be
    reached for ``timeout`` seconds.
    """
    if not (folder / "spool.json").is_file():
        raise ValueError(f"{folder} holds no spool")
    if not paths.is_owned_by_user(folder):
        raise ValueError(f"{folder} belongs to another user; nothing of it is sent.")
    lock = FolderLock(folder)
    if not lock.acquire():
        raise SpoolInUseError(f"{folder} belongs to a process that is running; it sends by itself.")
    try:
        outbox = open_outbox(folder, url)
        points, changes, accepted = _send_all(outbox, refused, timeout)
        # Only after everything was answered: an interrupted replay must find all files again.
        was_removed = outbox.remove()
    finally:
        lock.release()
    count = outbox.refused.count
    rest = ""
    if not was_removed and count:
        rest = f" {count} {'request was' if count == 1 else 'requests were'} refused; "
        rest += f"`python -m agnez replay {folder} --refused` tries again."
    elif not was_removed:
        rest = f" {folder} cannot be removed."
    sent = f"{points} points and {changes} other changes"
    if accepted:
        sent = f"{accepted} refused {'request' if accepted == 1 else 'requests'}, {sent}"
    return f"{folder.name}: {sent} sent to {outbox.url}.{rest}"


def _send_all(outbox: Outbox, refused: bool, timeout: float) -> tuple[int, int, int]:
    """Sends all batches.

    Returns how many points and changes they had, and how many refused requests were accepted.
    """
    connection = ServerConnection(outbox.url)
    until = time.monotonic() + timeout

    def pause(seconds: float, least: float) -> None:
        wait = max(seconds, least)
        if delivery.blocked or time.monotonic() + wait > until:
            raise StoppedError
        time.sleep(wait)

    delivery = Delivery(outbox, connection, pause)
    delivery.outlook = f"It is tried for {timeout:g} s."
    points = changes = accepted = 0
    try:
        if refused:
            accepted = _retry_refused(delivery, outbox)
        while (batch := outbox.next_batch()) is not None:
            try:
                delivery.send(batch, outbox.number)
            except StoppedError:
                raise
            except Exception as error:  # Of this batch: the following ones must be sent.
                outbox.quarantine(batch, f"{type(error).__name__}: {error}")
            outbox.finish_batch()
            until = time.monotonic() + timeout
            for number, rows in batch.rows.items():
                points += len(rows) * len(outbox.layouts[number].parts)
            changes += batch.count_changes()
    except StoppedError:
        problem = delivery.blocked or f"{outbox.url} cannot be reached."
        raise TimeoutError(f"{problem} The rest stays in {outbox.folder}.") from None
    finally:
        connection.close()
    return points, changes, accepted


def _retry_refused(delivery: Delivery, outbox: Outbox) -> int:
    """Sends refused requests once more; what is refused again is stored again.

    Returns how many were accepted.
    """
    lines = outbox.refused.begin_retry()
    if not lines:
        return 0
    accepted = 0
    for line in lines:
        try:
            for request in _line_to_requests(line, outbox):
                accepted += len(delivery.deliver(request))
        except StoppedError:
            raise
        except Exception:  # Of this line: it stays, and the next one is tried.
            outbox.refused.append(line)
    outbox.refused.end_retry()
    return accepted


def _line_to_requests(line: dict[str, Any], outbox: Outbox) -> list[Request]:
    """The requests of a line; a line without any is stored again."""
    quarantined, request = outbox.quarantined(line), refused_request(line)
    try:
        if quarantined is not None:
            batch, writer = quarantined
            return request_builder.to_requests(batch, outbox.layouts, outbox.folder, writer, 0)
        if request is not None:
            return [request]
    except Exception:  # The reason why it was quarantined persists.
        pass
    outbox.refused.append(line)
    return []
