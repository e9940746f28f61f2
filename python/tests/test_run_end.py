"""Ends of runs: signal handlers of other programs, exits that are caught, and secrets."""

from __future__ import annotations

import builtins
import os
import sys
from pathlib import Path
from typing import Any

import pytest

import agnez
from agnez import _run_end
from run_server import RunServer
from server import PATIENCE_S, script

#: Access keys of no service.
KEYS = ("hf_" + "a" * 20, "https://me:my-password@host/x")


def run_script(runs: RunServer, spool: Path, source: str) -> Any:
    process = script(source, spool, runs.url)
    output, errors = process.communicate(timeout=PATIENCE_S)
    return process.returncode, output, errors


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGTERM")
def test_a_handler_that_calls_the_one_before_it_ends_the_process_itself(
    runs: RunServer, name: str, tmp_path: Path
) -> None:
    source = f"""
        import os, signal, time
        import agnez
        run = agnez.init(project={name!r}, id="r1")
        before, is_stopping = signal.getsignal(signal.SIGTERM), False
        def stop(number, frame):
            global is_stopping
            is_stopping = True
            before(number, frame)
        signal.signal(signal.SIGTERM, stop)
        for step in range(20):
            run.log(loss=step)
            if step == 3:
                os.kill(os.getpid(), signal.SIGTERM)
            if is_stopping:
                time.sleep({_run_end._SIGNAL_S + 1})
                run.log(checkpoint=step)
                print("saved")
                break
        """
    code, output, errors = run_script(runs, tmp_path, source)
    assert (code, output) == (0, "saved\n"), errors
    assert runs.run(name)["status"] == "finished"
    assert [value for _, value in runs.pairs(name, "r1", "checkpoint")] == [3]


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGTERM")
def test_a_chained_signal_without_another_end_is_killed(
    runs: RunServer, name: str, tmp_path: Path
) -> None:
    source = f"""
        import os, signal
        import agnez
        run = agnez.init(project={name!r}, id="r1")
        before = signal.getsignal(signal.SIGTERM)
        def stop(number, frame):
            before(number, frame)
            run.flush(60)
            os._exit(5)
        signal.signal(signal.SIGTERM, stop)
        run.log(loss=1)
        os.kill(os.getpid(), signal.SIGTERM)
        """
    code, _, errors = run_script(runs, tmp_path, source)
    assert code == 5 and runs.run(name)["status"] == "killed", errors


@pytest.mark.parametrize(
    ("end", "status", "exit"),
    [
        ("exit(4)", "failed", 4),
        ("quit(code=5)", "failed", 5),
        ("exit()", "finished", None),
        ("sys.exit(True)", "failed", 1),
        # Caught: the script goes on, with metrics of before and with new ones.
        ("attempt(sys.exit, 2); run.log(loss=1); run.log(loss=2)", "finished", None),
        ("attempt(exit, 2); run.log(new=agnez.Html('x'))", "finished", None),
        ("attempt(sys.exit, 2); 1 / 0", "failed", 1),
        ("attempt(sys.exit, 2, run.log); run.log(loss=2)", "finished", None),
        # On the way out, a log changes nothing.
        ("finally_(run.log, 3)", "failed", 3),
        ("atexit.register(run.log, {'loss': 5}); sys.exit(3)", "failed", 3),
    ],
)
def test_exits(
    runs: RunServer, name: str, tmp_path: Path, end: str, status: str, exit: Any
) -> None:
    source = f"""
        import atexit, sys
        import agnez
        def attempt(call, code, log=None):
            try:
                call(code)
            except SystemExit:
                log and log(loss=9)
        def finally_(log, code):
            try:
                sys.exit(code)
            finally:
                log(loss=7)
                log(loss=8)
        run = agnez.init(project={name!r}, id="r1")
        run.log(loss=0)
        {end}
        """
    code, _, errors = run_script(runs, tmp_path, source)
    document = runs.run(name)
    assert (document["status"], document.get("exit", {}).get("code")) == (status, exit), errors
    assert code == (exit or 0)


def test_functions_that_exit_look_as_before(name: str) -> None:
    agnez.init(project=name, mode="offline")
    assert "exit" in repr(builtins.exit) and "quit" in repr(builtins.quit)
    assert getattr(sys.exit, "__name__", "") == "exit"
    for call in (sys.exit, builtins.exit, builtins.quit):
        with pytest.raises(SystemExit) as raised:
            call(3)
        assert raised.value.code == 3
    agnez.log(loss=1)
    assert _run_end._end_of_process == _run_end.End("finished")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_an_exit_of_a_forked_child_is_its_own(runs: RunServer, name: str, tmp_path: Path) -> None:
    source = f"""
        import os, sys
        import agnez
        run = agnez.init(project={name!r}, id="r1")
        run.log(loss=0)
        child = os.fork()
        if child == 0:
            run.log(child=1)
            sys.exit(3)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
        run.log(loss=1)
        """
    code, _, errors = run_script(runs, tmp_path, source)
    assert code == 0 and runs.run(name)["status"] == "finished", errors
    assert runs.pairs(name, "r1", "loss") == [(0, 0), (1, 1)]


def test_no_access_key_is_in_a_traceback_or_the_console(
    runs: RunServer, name: str, tmp_path: Path
) -> None:
    source = f"""
        import agnez
        run = agnez.init(project={name!r}, id="r1", capture="console")
        print("using", {KEYS[0]!r}, {KEYS[1]!r})
        raise ValueError("no access: " + {KEYS[0]!r} + " " + {KEYS[1]!r} + "x" * 1990)
        """
    code, output, errors = run_script(runs, tmp_path, source)
    assert code == 1 and KEYS[0] in output and KEYS[0] in errors
    assert "using [redacted] https://[redacted]@host/x" in runs.consoles[name, "r1"]
    # The cut is in the middle of a key.
    assert runs.run(name)["exit"]["traceback"].endswith("x" * 1990 + "\n")
    sent = str(runs.changes)
    assert "a" * 10 not in sent and "my-password" not in sent
