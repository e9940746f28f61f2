"""`check.py WHEEL`: installs the wheel in a fresh environment and draws a first curve, as a user does.

All of it happens in an empty folder: `pip install`, `agnez`, a script of a few lines, the curve read
back over REST, `agnez replay`, and a clean stop. Prints how long each step took.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv
import zipfile
from email.parser import Parser
from pathlib import Path

#: From the first command to the curve; the download is not part of it.
MAX_SECONDS = 60
PURE = Path(__file__).resolve().parents[2] / "python/pyproject.toml"
SCRIPT = """\
import agnez

board = agnez.Board("first")
for step in range(100):
    board.log(step=step, loss=1 / (step + 1), acc=step / 100)
"""


def metadata(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


def check_metadata(wheel):
    """The wheel and the pure package have the same version and the same extras."""
    import tomllib

    pure = tomllib.loads(PURE.read_text())["project"]
    built = metadata(wheel)
    assert built["Version"] == pure["version"], (built["Version"], pure["version"])
    extras = pure["optional-dependencies"]
    assert sorted(built.get_all("Provides-Extra")) == sorted(extras), built.get_all("Provides-Extra")

    def normal(requirement):
        return re.sub(r"[\s'\"]", "", requirement)

    wanted = {normal(f"{each} ; extra == {extra}") for extra in extras for each in extras[extra]}
    assert {normal(each) for each in built.get_all("Requires-Dist")} == wanted
    assert built["Requires-Python"] == pure["requires-python"]


def main():
    wheel = Path(sys.argv[1]).resolve()
    check_metadata(wheel)
    begin = last = time.monotonic()

    def done(what):
        nonlocal last
        now = time.monotonic()
        print(f"{now - last:6.1f} s  {what}", flush=True)
        last = now

    with tempfile.TemporaryDirectory() as home:
        folder = Path(home, "project")
        folder.mkdir()
        venv.create(Path(home, "venv"), with_pip=True)
        bin = Path(home, "venv", "Scripts" if os.name == "nt" else "bin")
        done("python -m venv")
        pip = [bin / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        # No index: the wheel needs nothing else.
        subprocess.run([*pip, "--no-index", wheel], check=True, cwd=folder)
        done("pip install agnez")
        # The port of a running server must not be in the way.
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("AGNEZ_")
        } | {"PATH": f"{bin}{os.pathsep}{os.environ['PATH']}", "HOME": home, "XDG_STATE_HOME": home}
        # Elsewhere no system call says whose a connection is, so that every client needs a token.
        access = [] if sys.platform == "linux" else ["--any-local-user"]
        server = subprocess.Popen(
            [bin / "agnez", "--port", "0", *access],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            first = server.stdout.readline()
            address = re.search(r"http://localhost:\d+", first)
            assert address, f"the server does not start: {first!r}"
            url = address[0]
            done("agnez")
            (folder / "run.py").write_text(SCRIPT)
            environment["AGNEZ_URL"] = url
            subprocess.run([bin / "python", "run.py"], check=True, cwd=folder, env=environment)
            done("python run.py")
            with urllib.request.urlopen(f"{url}/values?board=first", timeout=20) as reply:
                cells = {cell["name"]: cell["value"] for cell in json.load(reply)}
            points = {name: value["series"] for name, value in cells.items()}
            counts = [series["points"] for cell in points.values() for series in cell.values()]
            assert len(points) == 2 and counts == [100, 100], cells
            with urllib.request.urlopen(f"{url}/b/first", timeout=20) as reply:
                page = reply.read().decode()
            assert "loss" in page and ".wasm" in page, "the wheel has no page: run 'make site' first"
            done("two curves of 100 points read back, and the page")
            assert time.monotonic() - begin < MAX_SECONDS
            for command in ["spools"], ["replay"], ["healthcheck", "--url", url], ["--version"]:
                subprocess.run([bin / "agnez", *command], check=True, cwd=folder, env=environment)
            done("agnez spools, replay, healthcheck, --version")
        finally:
            server.terminate() if os.name == "nt" else server.send_signal(signal.SIGTERM)
            code = server.wait(20)
        assert os.name == "nt" or code == 0, f"the server ended with {code}"
        done("stopped")
        assert sorted(path.name for path in folder.iterdir()) == ["agnez-data", "run.py"]
    print(f"{wheel.name} works.")


if __name__ == "__main__":
    main()
