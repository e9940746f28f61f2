"""A real server for a test, killed and started again as the test wants."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple


def binary() -> str:
    """The server under test: ``AGNEZ_BIN``, else the release build."""
    return os.path.abspath(os.environ.get("AGNEZ_BIN") or Path(__file__).parents[2] / "target" / "release" / "agnez")


class Running:
    """The server on a free port and a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, 0
        self.process: Optional[subprocess.Popen[str]] = None
        self.start()

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def start(self) -> None:
        """The same port and the same data again, after the first time."""
        command = [binary(), "--port", str(self.port), "--data", str(self.folder / "data"), "--log", "warn"]
        # What a test says to its client is not meant for the server.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AGNEZ_")}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=self.folder, env=environment)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"{command[0]} did not start; 'make build' makes it, AGNEZ_BIN names another"
        self.port = int(line.rsplit(":", 1)[1])

    def end(self, how: int = signal.SIGKILL) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(20)
            self.process.stdout.close()  # type: ignore[union-attr]
            self.process = None

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=20) as reply:
            return json.load(reply)

    def cells(self, board: str) -> Dict[str, Any]:
        """The documents of a board by their names."""
        return {cell.get("name", cell["_id"]): cell for cell in self.get(f"/values?board={board}")}

    def points(self, cell: str, series: str) -> List[Tuple[float, float]]:
        """All points of a series: step and value, to the last bit."""
        found: List[Tuple[float, float]] = []
        start: Optional[int] = 0
        while start is not None:
            query = urllib.parse.urlencode({"series": series, "from": start})
            page = self.get(f"/values/{cell}/points?{query}")
            found += [(float(step), float(value)) for step, value, _ in page["points"]]
            start = page["next"]
        return found


def in_folder() -> Tuple[Running, "tempfile.TemporaryDirectory[str]"]:
    folder = tempfile.TemporaryDirectory(prefix="agnez-test-", ignore_cleanup_errors=True)
    return Running(Path(folder.name)), folder
