"""Microseconds that a call of Agnez and of other trackers takes from the training loop.

    make build
    python3 -m venv target/beside
    target/beside/bin/pip install ./python trackio swanlab tensorboardX aim wandb
    AGNEZ_BIN=target/release/agnez target/beside/bin/python python/bench/beside.py

Each tool runs in a process of its own and logs the same numbers in the same loop: `--pause`
microseconds of busy work, then one call with one metric (or ten), which alone is timed. Tools that
are not installed are skipped. Agnez runs with its server if AGNEZ_BIN names one, so that its sender
works in the background as the threads and processes of the others do. The rounds alternate between
the tools; the table has the medians over the rounds.
"""

import argparse
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib import metadata

CALLS, WARM = 5000, 200


class Tool:
    """One tracker: made in a folder of its own, called once for each step, ended."""

    package = ""

    def __init__(self, folder):
        raise NotImplementedError

    def log(self, metrics, step):
        raise NotImplementedError

    def end(self):
        pass


class Agnez(Tool):
    package = "agnez"

    def __init__(self, folder):
        import agnez

        self.server, url = None, "http://localhost:9"
        if os.environ.get("AGNEZ_BIN"):
            command = [os.environ["AGNEZ_BIN"], "--port", "0", "--data", f"{folder}/data"]
            self.server = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
            url = self.server.stdout.readline().split()[-1]
        self.board = agnez.Board("bench", url=url, spool=f"{folder}/spool")

    def log(self, metrics, step):
        self.board.log(metrics, step=step)

    def end(self):
        if self.server:
            if not self.board.flush(60):
                raise RuntimeError("not everything was sent")
            self.board.close()
            self.server.kill()


class Trackio(Tool):
    package = "trackio"

    def __init__(self, folder):
        os.environ["TRACKIO_DIR"] = folder
        import trackio

        self.tool = trackio
        trackio.init(project="bench", name="bench")

    def log(self, metrics, step):
        self.tool.log(metrics, step=step)

    def end(self):
        self.tool.finish()


class SwanLab(Tool):
    package = "swanlab"

    def __init__(self, folder):
        import swanlab

        self.tool = swanlab
        swanlab.init(project="bench", mode="offline", logdir=folder)

    def log(self, metrics, step):
        self.tool.log(metrics, step=step)

    def end(self):
        self.tool.finish()


class TensorBoardX(Tool):
    package = "tensorboardX"

    def __init__(self, folder):
        from tensorboardX import SummaryWriter

        self.writer = SummaryWriter(folder)

    def log(self, metrics, step):
        for name, value in metrics.items():
            self.writer.add_scalar(name, value, step)

    def end(self):
        self.writer.close()


class Aim(Tool):
    package = "aim"

    def __init__(self, folder):
        import aim

        self.run = aim.Run(repo=folder, system_tracking_interval=None, capture_terminal_logs=False)

    def log(self, metrics, step):
        self.run.track(metrics, step=step)

    def end(self):
        self.run.close()


class WandB(Tool):
    package = "wandb"

    def __init__(self, folder):
        os.environ["WANDB_SILENT"] = "true"
        import wandb

        self.tool = wandb.init(project="bench", mode="offline", dir=folder)

    def log(self, metrics, step):
        self.tool.log(metrics, step=step)

    def end(self):
        self.tool.finish()


TOOLS = {
    "Agnez": Agnez,
    "Trackio": Trackio,
    "SwanLab offline": SwanLab,
    "tensorboardX": TensorBoardX,
    "Aim": Aim,
    "W&B offline": WandB,
}


def measure(tool, metrics, pause_us):
    """The time of each call in microseconds, sorted."""
    names = ["loss"] if metrics == 1 else [f"metric {at}" for at in range(metrics)]
    taken = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        made = TOOLS[tool](folder)
        for step in range(CALLS + WARM):
            row = {name: math.exp(-step / 1000) + at for at, name in enumerate(names)}
            until = time.perf_counter_ns() + pause_us * 1000
            while time.perf_counter_ns() < until:
                pass
            begun = time.perf_counter_ns()
            made.log(row, step)
            taken.append((time.perf_counter_ns() - begun) / 1000)
        made.end()
    return sorted(taken[WARM:])


def version(tool):
    try:
        return metadata.version(TOOLS[tool].package)
    except metadata.PackageNotFoundError:
        return None


def once(tool, metrics, pause_us):
    command = [
        sys.executable,
        __file__,
        "--only",
        tool,
        "--metrics",
        str(metrics),
        "--pause",
        str(pause_us),
    ]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        # Tools that write settings do so here; none of them may speak to its makers.
        ours = {
            "HOME": home,
            "AIM_TELEMETRY": "0",
            "DO_NOT_TRACK": "1",
            "WANDB_ERROR_REPORTING": "false",
        }
        if os.environ.get("AGNEZ_BIN"):
            ours["AGNEZ_BIN"] = os.path.abspath(os.environ["AGNEZ_BIN"])
        done = subprocess.run(
            command,
            cwd=home,
            env={**os.environ, **ours},
            capture_output=True,
            text=True,
            timeout=300,
        )
    if done.returncode:
        raise RuntimeError(
            f"{tool}: {(done.stderr.strip() or done.stdout.strip()).splitlines()[-1]}"
        )
    return json.loads(done.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--pause", type=int, default=200, help="microseconds of work between two calls"
    )
    parser.add_argument("--metrics", type=int, default=1, help=argparse.SUPPRESS)
    parser.add_argument("--only", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        taken = measure(options.only, options.metrics, options.pause)
        print(json.dumps([taken[len(taken) // 2], taken[len(taken) * 99 // 100]]))
        return
    tools = [tool for tool in TOOLS if version(tool)]
    found = {(tool, metrics): [] for tool in tools for metrics in (1, 10)}
    for _ in range(options.rounds):
        for (tool, metrics), rounds in found.items():
            try:
                rounds.append(once(tool, metrics, options.pause))
            except (RuntimeError, subprocess.TimeoutExpired) as error:
                print(error, file=sys.stderr)
    server = "with its server" if os.environ.get("AGNEZ_BIN") else "without a server"
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, {CALLS} calls, "
        f"{options.pause} us apart, {options.rounds} rounds; Agnez {server}\n"
    )
    print("| us a call | 1 metric, p50 | p99 | 10 metrics, p50 | p99 |\n|---|---|---|---|---|")
    for tool in tools:
        cells = [
            f"{statistics.median(figures):.1f}"
            for metrics in (1, 10)
            for figures in zip(*found[tool, metrics])
        ]
        print(f"| {tool} {version(tool)} | {' | '.join(cells) or 'failed'} |", flush=True)


if __name__ == "__main__":
    main()
