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
from agnez._capture import console, metadata, recorder, redaction, system_metrics
from agnez._values import nested
from run_server import RunServer
from server import PATIENCE_S, eventually, script


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


# ---- secrets -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key",
    [
        "api_key",
        "apiKey",
        "OPENAI_API_KEY",
        "hub_token",
        "token",
        "authToken",
        "password",
        "db-password",
        "client_secret",
        "AWS_SECRET_ACCESS_KEY",
        "private_key_file",
        "credentials",
    ],
)
def test_texts_under_names_of_secrets_are_replaced(key: str) -> None:
    assert redaction.redact({"deep": [{key: "x"}]}) == {"deep": [{key: redaction.REDACTED}]}
    assert redaction.redact({key: 5, "n": None}) == {key: 5, "n": None}
    assert redaction.redact_command([f"--{key}", "v", f"{key}=v", "w"])[1:] == [
        redaction.REDACTED,
        f"{key}={redaction.REDACTED}",
        "w",
    ]


@pytest.mark.parametrize(
    "key",
    ["tokenizer", "max_tokens", "pad_token", "eos_token", "token_type", "monkey", "key", "lr", ""],
)
def test_other_names_are_no_secrets(key: str) -> None:
    assert redaction.redact({key: "bert"}) == {key: "bert"}


def test_access_keys_are_replaced_wherever_they_stand() -> None:
    command = ["curl", "https://me:pw@host/x", "hf_" + "a" * 20, "x=agz_" + "b" * 20]
    assert redaction.redact_command(command) == [
        "curl",
        "https://[redacted]@host/x",
        "[redacted]",
        "x=[redacted]",
    ]


def test_a_config_without_its_secrets_arrives(runs: RunServer, name: str) -> None:
    config = {"lr": 0.1, "env": {"HF_TOKEN": "secret-1"}, "api_key": "secret-2"}
    with agnez.init(project=name, url=runs.url, config=config) as run:
        run.summary["password"] = "secret-3"
        assert run.config.api_key == "secret-2"
    assert "secret-" not in str(runs.changes)
    assert runs.run(name)["config"]["env"] == {"HF_TOKEN": redaction.REDACTED}


# ---- bounds of a document ------------------------------------------------------------------------


def test_nested_values_stay_within_the_bounds(caplog: pytest.LogCaptureFixture) -> None:
    deep: Any = 1
    for _ in range(30):
        deep = {"a": deep}
    found = nested.to_bounded_json({"deep": deep, "lists": [[[1]]], "empty": {}}, "config")
    levels, inner = 0, found
    while isinstance(inner, dict) and inner:
        levels, inner = levels + 1, next(iter(inner.values()))
    assert levels == nested.MAX_LEVELS and isinstance(inner, str)
    assert found["lists"] == [[[1]]] and found["empty"] == {} and not caplog.text
    many = nested.to_bounded_json({"x": {str(at): at for at in range(5000)}, "y": 1}, "config")
    assert len(many.get("x", {})) <= nested.MAX_VALUES
    large = nested.to_bounded_json({"big": "x" * 400_000, "small": 1}, "config")
    assert large["small"] == 1 and len(large["big"]) == 200
    huge = nested.to_bounded_json({"big": list(range(100_000)), "small": 1}, "config")
    assert huge == {"small": 1} and caplog.text.count("the rest is left out") == 1


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


# ---- resume --------------------------------------------------------------------------------------


def finished(runs: RunServer, board: str, **arguments: Any) -> Any:
    with agnez.init(project=board, url=runs.url, **arguments) as run:
        run.log(loss=1)
    return run


def test_allow_continues_after_the_last_step(runs: RunServer, name: str) -> None:
    first = finished(runs, name, id="r1", name="first", config={"lr": 0.1, "seed": 1})
    assert not first.resumed
    runs.run(name)["metrics"] = {"loss": {"lastStep": 41}, "system/cpu_percent": {"lastStep": 900}}
    runs.run(name)["exit"] = {"code": 1}
    again = agnez.init(project=name, url=runs.url, id="r1", config={"seed": 2}, resume="allow")
    assert again.resumed and again.name == "first" and again.step == 42
    assert dict(again.config) == {"lr": 0.1, "seed": 2}
    assert abs(again.start_time - first.start_time) < 0.1
    assert again.flush(PATIENCE_S)
    assert runs.run(name)["status"] == "running" and "exit" not in runs.run(name)
    again.log(loss=2)
    again.finish()
    assert runs.pairs(name, "r1", "loss") == [(0, 1), (42, 2)]
    assert not finished(runs, name, id="r2", resume="allow").resumed


def test_must_and_never(runs: RunServer, name: str) -> None:
    with pytest.raises(agnez.Error, match="has no run r1 to resume"):
        agnez.init(project=name, url=runs.url, id="r1", resume="must")
    finished(runs, name, id="r1", resume="never")
    with pytest.raises(agnez.Error, match="has a run r1 already"):
        agnez.init(project=name, url=runs.url, id="r1", resume="never")
    assert finished(runs, name, id="r1", resume="must").resumed
    assert agnez.run is None


def test_a_server_that_does_not_answer_ends_no_resumed_run(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    run = agnez.init(project=name, url="http://127.0.0.1:9", id="r1", resume="must")
    assert not run.resumed and "continues without its earlier state" in caplog.text
    run.finish(timeout=0)


def test_auto_continues_a_script_that_crashed(runs: RunServer, name: str, tmp_path: Path) -> None:
    source = f"""
        import os, sys
        import agnez
        run = agnez.init(project={name!r}, resume="auto")
        run.log(loss=1)
        print(run.id, run.resumed)
        run.flush(60)
        if not os.path.exists("crashed"):
            open("crashed", "w").close()
            os._exit(1)
        """
    said = []
    for _ in range(3):
        process = script(source, tmp_path / "spool", runs.url, cwd=tmp_path)
        said.append(process.communicate(timeout=PATIENCE_S)[0].split())
    assert said[0][0] == said[1][0] != said[2][0]
    assert [resumed for _, resumed in said] == ["False", "True", "False"]


# ---- reading back --------------------------------------------------------------------------------


def test_reading_back(runs: RunServer, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agnez.reading, "_RUNS_PER_REQUEST", 2)
    monkeypatch.setattr(agnez.reading, "_POINTS_PER_REQUEST", 3)
    for number in range(5):
        finished(runs, name, id=f"r{number}")
    found = agnez.runs(name, url=runs.url)
    assert [run["_id"] for run in found] == [f"r{number}" for number in range(5)]
    assert len(agnez.runs(name, limit=3, url=runs.url)) == 3
    with agnez.init(project=name, id="r9", url=runs.url) as run:
        for value in (1.0, float("nan"), 3.0, float("inf"), 5.0):
            run.log(loss=value)
        history = run.history("loss")
    assert history["step"] == [0, 1, 2, 3, 4] and str(history["value"][1]) == "nan"
    assert history["value"][3] == float("inf") and len(history["time"]) == 5
    with pytest.raises(agnez.Error, match="has no metric acc"):
        agnez.history(name, "r9", "acc", url=runs.url)
    with pytest.raises(agnez.Error, match="is missing at column 2"):
        agnez.runs(name, q="(", url=runs.url)
    with pytest.raises(agnez.Error, match="does not answer"):
        agnez.runs(name, url="http://127.0.0.1:9")
