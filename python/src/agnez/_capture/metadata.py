"""The environment of a run: command, host, Python, commit, versions of packages."""

from __future__ import annotations

import functools
import importlib.metadata
import os
import platform
import shlex
import socket
import subprocess
import sys
from typing import Any

from .._values import convert
from .redaction import redact_command

#: Characters of a command.
_MAX_COMMAND = 2000
#: How long git may take, in seconds.
_GIT_S = 5.0
#: Packages whose versions are captured.
_MAX_PACKAGES = 200
#: Packages whose names are not those of their modules.
_PACKAGE_OF = {
    "PIL": "pillow",
    "cv2": "opencv-python",
    "sklearn": "scikit-learn",
    "skimage": "scikit-image",
    "yaml": "pyyaml",
}


def command() -> str:
    """The command of this process, without secrets."""
    arguments = list(getattr(sys, "orig_argv", None) or [sys.executable, *_argv()])
    if arguments and arguments[0]:
        arguments[0] = os.path.basename(arguments[0])
    text = convert.to_utf8(shlex.join(redact_command(arguments)))
    return text if len(text) <= _MAX_COMMAND else text[: _MAX_COMMAND - 1] + "…"


def host() -> str:
    """The name of this machine."""
    return convert.to_utf8(socket.gethostname())


def python() -> str:
    """The version of Python."""
    return platform.python_version()


def git() -> dict[str, Any] | None:
    """Commit of the script's folder, and whether tracked files differ from it.

    None outside of a repository, and without git.
    """
    commit = _git("rev-parse", "--verify", "HEAD")
    if not commit:
        return None
    changes = _git("status", "--porcelain", "--untracked-files=no")
    return {"commit": commit, **({} if changes is None else {"dirty": bool(changes)})}


def packages() -> dict[str, str]:
    """The versions of the packages that this process has imported."""
    known = getattr(sys, "stdlib_module_names", frozenset(sys.builtin_module_names))
    modules = {name.partition(".")[0] for name in list(sys.modules)} - set(known)
    found: dict[str, str] = {}
    for module in sorted(modules):
        if module.startswith("_") or len(found) == _MAX_PACKAGES:
            continue
        name = _PACKAGE_OF.get(module, module)
        version = _version(name)
        if version is not None:
            found[name] = version
    return found


@functools.lru_cache(maxsize=10_000)
def _version(package: str) -> str | None:
    """The version of a package; None if there is none of this name."""
    try:
        return str(importlib.metadata.version(package))
    except Exception:  # Or its metadata cannot be read.
        return None


def _argv() -> list[str]:
    return [str(argument) for argument in getattr(sys, "argv", None) or []]


def _git(*arguments: str) -> str | None:
    """What git prints; None if it fails."""
    script = (_argv() or [""])[0]
    folder = os.path.dirname(os.path.abspath(script)) if os.path.isfile(script) else os.getcwd()
    try:
        done = subprocess.run(
            ["git", "-C", folder, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_GIT_S,
            # Reading must not write into the repository.
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace").strip()
