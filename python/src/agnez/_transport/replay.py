"""Sending what a process left behind that was killed, or could not reach the server before it ended."""

from __future__ import annotations

import base64
import json
import os
import struct
import time
from pathlib import Path
from typing import Any

from .._spool import paths, record
from . import request_builder
from .credentials import register_server
from .http import Request, ServerConnection, parse_json
from .outbox import Outbox, retry_key
from .sender import Delivery, Stopped


class SpoolInUse(Exception):
    """The spool belongs to a process that is running."""


def open_outbox(folder: Path, url: str | None) -> Outbox:
    """A spool as its process left it; ValueError where the folder holds none."""
    about = paths.read_metadata(folder)
    try:
        sync = bytes.fromhex(about["sync"])
        if len(sync) != 4 or not isinstance(about["writer"], str):
            raise ValueError("its marker or its writer is none")
        outbox = Outbox(folder, register_server(url or about["url"]), about["writer"], sync, None)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{folder} holds no spool that this version can read ({error})") from error
    for line in _read_lines(folder / "cells.jsonl"):
        try:
            if "layout" in line:
                outbox.layouts[line["layout"]] = _parse_layout(line)
            elif isinstance(line["id"], str) and isinstance(line["cell"], dict):
                outbox.cells.setdefault(line["id"], line["cell"])
        except (KeyError, TypeError, ValueError, struct.error):
            # The records that it names are passed over, and said so.
            continue
    outbox.resume()
    return outbox


def _parse_layout(line: dict[str, Any]) -> record.Layout:
    number, series = line["layout"], [(cell, name) for cell, name in line["series"]]
    if (
        not isinstance(number, int)
        or not 0 <= number < record.CHANGE
        or not all(isinstance(part, str) for pair in series for part in pair)
    ):
        raise ValueError("no layout")
    return record.Layout(number, series)


def replay(
    folder: Path, *, url: str | None = None, refused: bool = False, timeout: float = 60.0
) -> str:
    """Sends the rest of a spool and removes the folder when nothing is left; a sentence about it.

    The server does what it has done before not again, so that this does no harm twice. ``url``: another server than the one it
    was meant for. ``refused``: what a server refused is tried again. Raises :class:`SpoolInUse`, ValueError (no spool), and
    TimeoutError when the server cannot be reached for ``timeout`` seconds.
    """
    lock = paths.Lock(folder)
    if not (folder / "spool.json").is_file():
        raise ValueError(f"{folder} holds no spool")
    if not paths.is_owned_by_user(folder):
        raise ValueError(f"{folder} belongs to another user; nothing of it is sent.")
    if not lock.take():
        raise SpoolInUse(f"{folder} belongs to a process that is running; it sends by itself.")
    try:
        outbox = open_outbox(folder, url)
        wire = ServerConnection(outbox.url)
        until = time.monotonic() + timeout

        def pause(seconds: float, least: float) -> None:
            wait = max(seconds, least)
            if delivery.denied:
                raise Stopped
            if time.monotonic() + wait > until:
                raise Stopped
            time.sleep(wait)

        delivery = Delivery(outbox, wire, pause)
        delivery.meanwhile = f"It is tried for {timeout:g} s."
        points = changes = 0
        try:
            if refused:
                _retry_refused(folder, delivery, outbox)
            while True:
                batch = outbox.next_batch()
                if batch is None:
                    break
                try:
                    delivery.send(batch, outbox.number)
                except Stopped:
                    raise
                except (
                    Exception
                ) as error:  # Whatever it holds, or is answered: what comes after it must go on.
                    outbox.quarantine(batch, f"{type(error).__name__}: {error}")
                outbox.finish_batch()
                until = time.monotonic() + timeout
                points += sum(
                    len(rows) * len(outbox.layouts[number].parts)
                    for number, rows in batch.rows.items()
                )
                changes += len(batch.changes)
        except Stopped:
            raise TimeoutError(
                f"{delivery.denied or f'{outbox.url} cannot be reached.'} The rest stays in {folder}."
            ) from None
        finally:
            wire.close()
        # Only here: what did not come to its end must find everything again.
        was_removed = outbox.remove()
        if was_removed:
            left = ""
        elif outbox.refused:
            left = f" {outbox.refused} {'request was' if outbox.refused == 1 else 'requests were'} refused; `python -m agnez replay {folder} --refused` tries again."
        else:
            left = f" {folder} cannot be removed."
        return f"{folder.name}: {points} points and {changes} other changes sent to {outbox.url}.{left}"
    finally:
        lock.drop()


def _retry_refused(folder: Path, delivery: Delivery, outbox: Outbox) -> None:
    """Tries what was refused once more; what is refused again is put back. ``refused.before`` has what is tried until all of it has been
    answered: a run that is cut off leaves it to the next one."""
    path, before, whole = (
        folder / "refused.jsonl",
        folder / "refused.before",
        folder / "refused.whole",
    )
    lines = list(
        {
            json.dumps(line, sort_keys=True): line
            for line in _read_lines(before) + _read_lines(path)
        }.values()
    )
    if not lines:
        return
    whole.write_text("".join(json.dumps(line) + "\n" for line in lines))
    os.replace(whole, before)
    # Cut off here, they are in both files, and are told apart by their text.
    path.unlink(missing_ok=True)
    outbox.refused = 0
    for line in lines:
        try:
            for request in _line_to_requests(line, outbox):
                delivery.deliver(request)
        except Stopped:
            raise
        except Exception:  # It stays with what was refused, and the next one is tried.
            outbox.record_refused(line)
    before.unlink()


def _line_to_requests(line: dict[str, Any], outbox: Outbox) -> list[Request]:
    """What a line holds, as requests; what cannot be sent is put back."""
    kept, request = outbox.aside(line), _line_to_request(line)
    try:
        if kept is not None:
            return request_builder.to_requests(kept[0], outbox.layouts, outbox.folder, kept[1], 0)
        if request is not None:
            return [request]
    except Exception:  # It is what could not be sent before, either.
        pass
    outbox.record_refused(line)
    return []


def _line_to_request(line: dict[str, Any]) -> Request | None:
    """What was refused as a request; nothing where the line holds none."""
    try:
        method, path, body, kind = (
            line["method"],
            line["path"],
            base64.b64decode(line["body"]),
            line["type"],
        )
        key, cells = line["key"], list(line.get("cells", []))
    except (KeyError, TypeError, ValueError):
        return None
    if (
        method not in ("POST", "PATCH")
        or not all(isinstance(text, str) for text in (path, kind, key, *cells))
        or not path.startswith("/")
    ):
        return None
    return Request(method, path, body, kind, retry_key(key), cells)


def _read_lines(path: Path) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    try:
        text = path.read_bytes()
    except (OSError, MemoryError):
        return []
    for line in text.split(b"\n"):
        told = parse_json(line)
        if isinstance(told, dict):
            lines.append(told)
    return lines
