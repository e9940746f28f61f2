"""Console output of a run: a copy of what Python writes to standard output and error."""

from __future__ import annotations

import os
import re
import sys
from collections import deque
from typing import Any, Callable

#: Characters of a line; the rest of it is left out.
MAX_LINE = 2000
#: Characters that one call of :meth:`Console.take` returns; the oldest lines are left out.
MAX_TEXT = 64 << 10
#: Characters that wait for a call; further ones are left out.
_MAX_WAITING = 1 << 20
#: Colours and movements of the cursor.
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_STREAMS = ("stdout", "stderr")


class Console:
    """Copies what is written to ``sys.stdout`` and ``sys.stderr`` until :meth:`stop`.

    The streams stay the same objects: only their method ``write`` is wrapped. Writing never fails
    or waits because of the copy.
    """

    def __init__(self) -> None:
        #: Pieces of text, each with its stream. Appending and popping need no lock.
        self._pieces: deque[tuple[str, str]] = deque()
        self._waiting = 0
        self._left_out = 0
        #: The unfinished line of each stream.
        self._rest: dict[str, str] = {}
        self._wrapped: list[tuple[Any, _Writer]] = []
        self._pid = os.getpid()
        for name in _STREAMS:
            self._wrap(name)

    def _wrap(self, name: str) -> None:
        stream = getattr(sys, name, None)
        original = getattr(stream, "write", None)
        if stream is None or original is None:
            return
        writer = _Writer(self, name, original, "write" in getattr(stream, "__dict__", {}))
        try:
            stream.write = writer
        except (AttributeError, TypeError):  # A stream that takes no attributes.
            return
        self._wrapped.append((stream, writer))

    def add(self, name: str, text: Any) -> None:
        """Copies what a stream has written."""
        # Not in the child of a fork, where nobody takes the copy.
        if text.__class__ is str and os.getpid() == self._pid:
            if self._waiting + len(text) <= _MAX_WAITING:
                self._waiting += len(text)
                self._pieces.append((name, text))
            else:
                self._left_out += text.count("\n")

    def stop(self) -> None:
        """Gives the streams back the method that they had before."""
        wrapped, self._wrapped = self._wrapped, []
        # What still comes through another program's wrapper is not copied.
        self._pid = -1
        for stream, writer in wrapped:
            writer.remove_from(stream)

    def take(self, is_end: bool = False) -> str:
        """The complete lines since the last call; with ``is_end`` the incomplete ones as well.

        A line that was overwritten (``\\r``), as by a progress bar, is its last state.
        """
        lines: list[str] = []
        for _ in range(len(self._pieces)):
            name, text = self._pieces.popleft()
            self._waiting -= len(text)
            *ended, rest = (self._rest.get(name, "") + text).split("\n")
            lines += [_clean(line) for line in ended]
            # An endless line is bounded here: only its last state counts.
            self._rest[name] = rest.rstrip("\r").rpartition("\r")[2][:MAX_LINE] + (
                "\r" if rest.endswith("\r") else ""
            )
        if not self._pieces:
            # Threads that write at once may have counted wrongly.
            self._waiting = 0
        if is_end:
            lines += [_clean(rest) for rest in self._rest.values() if rest.strip()]
            self._rest.clear()
        left_out, self._left_out = self._left_out, 0
        kept: list[str] = []
        size = 0
        for line in reversed(lines):
            size += len(line) + 1
            if size > MAX_TEXT:
                break
            kept.append(line)
        left_out += len(lines) - len(kept)
        if left_out:
            kept.append(f"… {left_out:,} lines left out")
        return "".join(f"{line}\n" for line in reversed(kept))


class _Writer:
    """The method ``write`` of a stream whose text is copied."""

    def __init__(
        self, console: Console, name: str, original: Callable[[str], Any], was_wrapped: bool
    ) -> None:
        self._console, self._name = console, name
        self.original = original
        #: Whether ``original`` is a wrapper, not the method of the stream's class.
        self.was_wrapped = was_wrapped

    def __call__(self, text: str) -> Any:
        result = self.original(text)
        self._console.add(self._name, text)
        return result

    def remove_from(self, stream: Any) -> None:
        """Sets the method from before. A wrapper of another program that was set since stays."""
        outer = getattr(stream, "__dict__", {}).get("write")
        if outer is self and self.was_wrapped:
            stream.write = self.original
        elif outer is self:
            del stream.write
        # Runs that overlap: their copies go on without this one.
        while isinstance(outer, _Writer):
            if outer.original is self:
                outer.original, outer.was_wrapped = self.original, self.was_wrapped
                return
            outer = outer.original


def _clean(line: str) -> str:
    """A line as a terminal shows it at the end, without escape sequences."""
    state = _ESCAPE.sub("", line.rstrip("\r").rpartition("\r")[2])
    return state if len(state) <= MAX_LINE else state[: MAX_LINE - 1] + "…"
