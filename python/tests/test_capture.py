# Tests use private attributes.
# mypy: disable-error-code="attr-defined, union-attr"
"""What a run captures by itself, and that no secret is in it."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest

import agnez
from agnez._capture import console, metadata, recorder, system_metrics
from run_server import RunServer
from server import PATIENCE_S, eventually


def test_the_environment_of_a_run(runs: RunServer, name: str, tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    repository.mkdir()
    (repository / "train.py").write_text(
        f"""
import sys
import agnez
import numpy
run = agnez.init(project={name!r}, id="r1", capture=True)
print("to standard output")
print("to standard error", file=sys.stderr)
for step in range(5):
    print(f"\\rbar {{step}}", end="")
"""
    )
    author = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    for command in (["init", "-q"], ["add", "."], [*author, "commit", "-qm", "x"]):
        subprocess.run(["git", *command], cwd=repository, check=True)
    with open(repository / "train.py", "a") as file:
        file.write("# changed\n")
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=repository, capture_output=True, text=True, check=True
    ).stdout.strip()
    done = subprocess.run(
        [sys.executable, "train.py", "--lr=0.1", "--api-key", "my-secret", "hub_token=abc"],
        cwd=repository,
        env={**os.environ, "AGNEZ_URL": runs.url, "AGNEZ_SPOOL": str(tmp_path / "spool")},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0 and "bar 4" in done.stdout
    assert done.stderr == "to standard error\n"
    document = runs.run(name)
    assert document["git"] == {"commit": commit, "dirty": True}
    assert document["python"] == "{}.{}.{}".format(*sys.version_info)
    assert document["packages"]["numpy"] and "agnez" not in document["packages"].get("os", "")
    assert document["command"].endswith(
        "train.py --lr=0.1 --api-key '[redacted]' 'hub_token=[redacted]'"
    )
    assert document["host"] and "my-secret" not in str(runs.changes)
    assert sorted(runs.consoles[name, "r1"].splitlines()) == [
        "bar 4",
        "to standard error",
        "to standard output",
    ]


def test_nothing_is_captured_where_that_is_switched_off(runs: RunServer, name: str) -> None:
    before = sys.stdout.write
    with agnez.init(project=name, id="r1", url=runs.url, capture=False) as run:
        assert run._recorder._thread is None and sys.stdout.write == before
    with agnez.init(project=name, id="r2", url=runs.url, capture="host") as run:
        assert run._recorder._thread is None
    assert not {"git", "host", "command", "python", "packages"} & set(runs.run(name, "r1"))
    assert {"git", "host", "command", "python"} & set(runs.run(name, "r2")) == {"host"}
    assert not runs.consoles and not runs.logged


def test_the_variable_chooses(runs: RunServer, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGNEZ_CAPTURE", "host,command")
    with agnez.init(project=name, url=runs.url):
        pass
    assert {"host", "command"} <= set(runs.run(name)) and "python" not in runs.run(name)


@pytest.mark.parametrize(
    ("text", "kinds", "warns"),
    [
        ("true", recorder.KINDS, False),
        ("on", recorder.KINDS, False),
        (" ", recorder.KINDS, False),
        ("false", (), False),
        ("No", (), False),
        ("git, System,", ["git", "system"], False),
        ("git,gpu", ["git"], True),
        ("gpu", recorder.KINDS, True),
    ],
)
def test_values_of_the_variable(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    text: str,
    kinds: Any,
    warns: bool,
) -> None:
    monkeypatch.setenv("AGNEZ_CAPTURE", text)
    for _ in range(2):
        assert agnez.session._captured(None, "online") == kinds
    assert caplog.text.count("AGNEZ_CAPTURE") + caplog.text.count("variable CAPTURE") == warns


@pytest.mark.parametrize(
    ("variables", "warnings"),
    [
        ({"WANDB_RESUME": "true"}, 0),
        ({"AGNEZ_RESUME": "false", "WANDB_RUN_ID": " "}, 0),
        ({"WANDB_RESUME": "sometimes"}, 1),
        ({"WANDB_RUN_ID": "x" * 100}, 1),
        ({"AGNEZ_MODE": "onlin"}, 1),
        ({"WANDB_MODE": "onlin"}, 1),
    ],
)
def test_no_variable_ends_a_script(
    runs: RunServer,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    variables: dict[str, str],
    warnings: int,
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    for _ in range(2):
        with agnez.init(project=name, url=runs.url) as run:
            run.log(loss=1)
        agnez.Board(name, url=runs.url)
    assert len({board for board, _ in runs.documents}) == 1
    assert all(document["status"] == "finished" for document in runs.documents.values())
    assert caplog.text.count("is not valid") == warnings


# ---- console -------------------------------------------------------------------------------------


def replace_streams(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Not a fixture: pytest sets the streams again before each test."""
    for stream in ("stdout", "stderr"):
        monkeypatch.setattr(sys, stream, io.TextIOWrapper(io.BytesIO(), write_through=True))
    return sys.stdout


def test_console_output_is_copied_and_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    streams = replace_streams(monkeypatch)
    copy = console.Console()
    print("one\ntwo", file=sys.stdout)
    print("rest", end="")
    print("\x1b[31mred\x1b[0m", file=sys.stderr)
    assert copy.take() == "one\ntwo\nred\n"
    assert copy.take(is_end=True) == "rest\n"
    copy.stop()
    print("after")
    assert copy.take(is_end=True) == ""
    assert streams.buffer.getvalue() == b"one\ntwo\nrestafter\n"


def test_progress_bars_are_their_last_state(monkeypatch: pytest.MonkeyPatch) -> None:
    replace_streams(monkeypatch)
    copy = console.Console()
    for percent in range(0, 100, 10):
        print(f"\r{percent} %", end="")
        if percent % 30 == 0:
            assert copy.take() == ""
    print("\ndone\r\n50 %\r", end="")
    assert copy.take() == "90 %\ndone\n"
    print("60 %\r", end="")
    assert copy.take(is_end=True) == "60 %\n"
    copy.stop()


def test_console_output_has_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    replace_streams(monkeypatch)
    copy = console.Console()
    print("x" * 10_000)
    for line in range(20_000):
        print(f"line {line}")
    text = copy.take()
    assert len(text) < console.MAX_TEXT + 100 and text.endswith("line 19999\n")
    assert "lines left out" in text.splitlines()[0]
    for _ in range(40):
        print("y" * 100_000, end="")
    print()
    assert len(copy.take(is_end=True)) < console.MAX_LINE + 100
    copy.stop()


def test_streams_that_cannot_be_wrapped_print_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    class Fixed:
        __slots__ = ()

        def write(self, text: str) -> int:
            return len(text)

    monkeypatch.setattr(sys, "stdout", Fixed())
    monkeypatch.setattr(sys, "stderr", None)
    copy = console.Console()
    print("text")
    assert copy.take(is_end=True) == ""
    copy.stop()


def test_a_wrapper_of_another_program_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    streams = replace_streams(monkeypatch)
    copy = console.Console()
    inner = streams.write
    streams.write = lambda text: inner(text.upper())
    copy.stop()
    print("text")
    assert streams.buffer.getvalue() == b"TEXT\n" and copy.take(is_end=True) == ""


def test_wrappers_from_before_a_copy_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    streams = replace_streams(monkeypatch)
    inner = streams.write

    def shout(text: str) -> Any:
        return inner(text.upper())

    streams.write = shout
    copy = console.Console()
    print("one")
    copy.stop()
    assert streams.write is shout
    print("two")
    assert streams.buffer.getvalue() == b"ONE\nTWO\n" and copy.take(is_end=True) == "one\n"


def test_one_run_may_begin_and_end_within_another(monkeypatch: pytest.MonkeyPatch) -> None:
    streams = replace_streams(monkeypatch)
    outer, inner = console.Console(), console.Console()
    print("both")
    inner.stop()
    print("outer")
    assert (outer.take(), inner.take(is_end=True)) == ("both\nouter\n", "both\n")
    # Runs that overlap leave no chain of wrappers.
    for _ in range(2000):
        outer, before = console.Console(), outer
        before.stop()
    print("last")
    assert outer.take() == "last\n"
    outer.stop()
    assert "write" not in vars(streams) and "write" not in vars(sys.stderr)


# ---- the machine ---------------------------------------------------------------------------------


def test_the_load_of_the_machine(
    runs: RunServer, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "_FIRST_SYSTEM_S", 0.0)
    monkeypatch.setattr(recorder, "CONSOLE_S", 0.05)
    with agnez.init(project=name, id="r1", url=runs.url, capture="system") as run:
        run.log(loss=1)
        eventually(lambda: "system/memory_percent" in runs.metrics(name, "r1"))
        assert run.step == 1
    metrics = runs.metrics(name, "r1") - {"loss"}
    assert {"system/memory_percent", "system/process_memory_mib", "system/disk_percent"} <= metrics
    if sys.platform == "linux":
        assert {"system/cpu_percent", "system/network_sent_mib_s"} <= metrics
    for metric in metrics:
        ((step, value), *_) = runs.pairs(name, "r1", metric)
        assert 0 <= step < 60 and 0 <= value < 1e6, metric
    assert runs.pairs(name, "r1", "loss") == [(0, 1)]


def test_gpus_of_nvidia(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(_: Any) -> None:
        raise RuntimeError("not supported")

    module = types.SimpleNamespace(
        nvmlInit=lambda: None,
        nvmlDeviceGetCount=lambda: 2,
        nvmlDeviceGetHandleByIndex=lambda at: at,
        nvmlDeviceGetUtilizationRates=lambda at: types.SimpleNamespace(gpu=40 + at),
        nvmlDeviceGetMemoryInfo=lambda at: types.SimpleNamespace(used=1, total=4),
        nvmlDeviceGetTemperature=lambda at, kind: 60,
        nvmlDeviceGetPowerUsage=absent,
    )
    monkeypatch.setitem(sys.modules, "pynvml", module)
    sample = system_metrics.SystemMetrics().sample()
    gpus = {name: value for name, value in sample.items() if "gpu" in name}
    assert gpus == {
        "system/gpu0_percent": 40,
        "system/gpu0_memory_percent": 25,
        "system/gpu0_celsius": 60,
        "system/gpu1_percent": 41,
        "system/gpu1_memory_percent": 25,
        "system/gpu1_celsius": 60,
    }


def test_git_that_is_missing_is_no_problem(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert metadata.git() is None


def test_a_failing_capture_ends_no_run(
    runs: RunServer,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for read in ("git", "packages", "host", "command"):
        monkeypatch.setattr(metadata, read, lambda: 1 / 0)
    with agnez.init(project=name, url=runs.url, capture=True) as run:
        run.log(loss=1)
    assert runs.run(name)["status"] == "finished"
    assert caplog.text.count("is not shown (ZeroDivisionError") == 2
