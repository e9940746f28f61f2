"""``refused.jsonl``: what the server refused, and what could not be sent, for a later retry."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

from .._messages import warn_once
from .http import Request, Response, parse_json

#: Characters of a server's error message that are stored.
_MESSAGE_LENGTH = 1000


class RefusedLog:
    """The file in a spool's folder. Without a folder, refusals are only counted."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        #: Refused requests and quarantined batches.
        self.count = 0

    def resume(self) -> None:
        """Counts what an earlier process stored."""
        for path in (self._being_retried, self._path):
            try:
                self.count += path.read_bytes().count(b"\n")
            except OSError:
                continue

    @property
    def _path(self) -> Path:
        assert self._folder is not None, "a spool without a folder stores no refusals"
        return self._folder / "refused.jsonl"

    @property
    def _being_retried(self) -> Path:
        assert self._folder is not None, "a spool without a folder stores no refusals"
        return self._folder / "refused.before"

    @property
    def is_retry_unfinished(self) -> bool:
        """Whether a retry was interrupted."""
        return self._folder is not None and self._being_retried.exists()

    def append(self, document: dict[str, Any]) -> None:
        """Adds a line."""
        self.count += 1
        if self._folder is None:
            return
        try:
            with open(self._path, "a", encoding="utf-8") as file:
                file.write(json.dumps(document) + "\n")
        except OSError as error:
            reason = error.strerror or error
            warn_once("refused", f"{self._path} cannot be written ({reason}).")

    def begin_retry(self) -> list[dict[str, Any]]:
        """Returns all lines, and moves them to ``refused.before`` until :meth:`end_retry`.

        A retry that is interrupted leaves them to the next one.
        """
        lines = [*read_lines(self._being_retried), *read_lines(self._path)]
        # An interrupted retry may have left a line in both files.
        unique = list({json.dumps(line, sort_keys=True): line for line in lines}.values())
        if unique:
            complete = self._path.with_name("refused.whole")
            complete.write_text("".join(json.dumps(line) + "\n" for line in unique))
            os.replace(complete, self._being_retried)
            self._path.unlink(missing_ok=True)
            self.count = 0
        return unique

    def end_retry(self) -> None:
        """Every line of :meth:`begin_retry` was answered or appended again."""
        self._being_retried.unlink()


def refusal(request: Request, response: Response) -> dict[str, Any]:
    """The line for a refused request."""
    message = response.error().get("message")
    reason = message[:_MESSAGE_LENGTH] if isinstance(message, str) else str(response.status)
    return {
        "method": request.method,
        "path": request.path,
        "type": request.content_type,
        "key": retry_key(request.key or ""),
        "cells": request.cells,
        "status": response.status,
        "why": reason,
        "body": base64.b64encode(request.body).decode(),
    }


def refused_request(line: dict[str, Any]) -> Request | None:
    """The request of a line of :func:`refusal`; None if the line holds none."""
    try:
        method, path, content_type = line["method"], line["path"], line["type"]
        body, key = base64.b64decode(line["body"]), line["key"]
        cells = list(line.get("cells", []))
    except (KeyError, TypeError, ValueError):
        return None
    is_text = all(isinstance(text, str) for text in (path, content_type, key, *cells))
    if method not in ("POST", "PATCH") or not is_text or not path.startswith("/"):
        return None
    return Request(method, path, body, content_type, retry_key(key), cells)


def retry_key(key: str) -> str:
    """The key under which a refused request is sent again: always the same for one request.

    It has a writer of its own, since the server takes a number far below the newest one of its
    writer for a repetition.
    """
    writer, _, number = key.rpartition(":")
    return key if writer.rpartition(".")[2].startswith("r") else f"{writer}.r{number}:0"


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The JSON objects of a file, one a line; other lines are skipped."""
    try:
        text = path.read_bytes()
    except (OSError, MemoryError):
        return []
    documents = map(parse_json, text.split(b"\n"))
    return [document for document in documents if isinstance(document, dict)]
