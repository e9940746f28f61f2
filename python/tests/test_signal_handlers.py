"""Calls that a signal interrupts, and waits of any length."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import Any

import pytest

from agnez._spool.wake_event import WakeEvent
from agnez._values import convert
from server import Server

needs_timer = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there is no timer")


@needs_timer
def test_a_signals_handler_may_log_and_flush(server: Server, name: str, tmp_path: Path) -> None:
    source = f"""
        import agnez, os, signal, time
        from agnez._spool import segment
        from agnez import _messages
        segment.SEGMENT_BYTES = 1 << 16
        board = agnez.Board({name!r})
        count = 0
        def handler(*_):
            global count
            board.log(step=count, handled=count, other=1)
            board.text(f"t{{count % 7}}", "x")
            _messages._seen.clear()
            _messages.warn_once("a", "b")
            if count % 3 == 0:
                board.flush(0.002)
            count += 1
            signal.setitimer(signal.ITIMER_REAL, 0.001 if is_on else 0)
        is_on = True
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 0.001)
        until, step = time.monotonic() + 3, 0
        while time.monotonic() < until:
            board.line("long").append(a=step, step=step)
            board.log(step=step, loss=step)
            _messages.warn_once(str(step), "c")
            if step % 50 == 0:
                board.flush(0.01)
            step += 1
        is_on = False
        time.sleep(0.1)
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        assert board.flush(None)
        print(count, step)
    """
    env = {**os.environ, "AGNEZ_URL": server.url, "AGNEZ_SPOOL": str(tmp_path / "spool")}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(source)],
        env=env,
        capture_output=True,
        text=True,
        timeout=25,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    count, step = map(int, done.stdout.split())
    assert count > 50
    for id, series, most in (
        ("long", "a", step),
        ("loss", "loss", step),
        ("handled", "handled", count),
    ):
        assert server.pairs(f"{name}-{id}", series) == [(at, at) for at in range(most)]


def test_a_flush_inside_an_interrupted_write_returns_false(board: Any) -> None:
    board.log(loss=1)
    with board._client.spool.lock:
        assert not board.flush(None)
    assert board.flush(60)


def test_wake() -> None:
    wake = WakeEvent()
    assert not wake.wait(0.01)
    wake.set()
    wake.set()
    assert wake.wait(None)
    wake.clear()
    assert not wake.wait(0)
    threading.Timer(0.05, wake.set).start()
    assert wake.wait(60)


def test_any_time_to_wait(server: Server, board: Any) -> None:
    board.log(loss=1)
    for timeout in (math.inf, None, 1e300, 60):
        assert board.flush(timeout)
    for wrong, error in (("5", TypeError), (math.nan, ValueError)):
        with pytest.raises(error, match="timeout must be a number"):
            board.flush(wrong)
        with pytest.raises(error, match="timeout must be a number"):
            board.close(wrong)
    assert convert.to_timeout(-1) == 0 and convert.to_timeout(None) == threading.TIMEOUT_MAX
    assert board.close(math.inf)
    board.log(loss=2)
    assert board.close(None)
