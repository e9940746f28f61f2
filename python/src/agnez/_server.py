"""Starting the server of this machine: on request, or after a question at a terminal."""

from __future__ import annotations

import errno
import os
import select
import socket
import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from . import _environment
from ._messages import print_line
from ._spool import paths
from ._transport import client, credentials
from ._transport.http import NotAgnezError, ServerConnection, UnreachableError

#: How long the question waits for an answer, in seconds: a training must not wait for a person.
_QUESTION_S = 10.0
#: How long a new server may take until it answers, in seconds.
_START_S = 20.0
#: A longer log is begun again.
_LOG_BYTES = 1 << 20
#: Errors of an address family that this machine does not have.
_NO_FAMILY = (errno.EAFNOSUPPORT, errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL)

#: The servers that this process has started: one that is collected while it runs warns.
_started: list[subprocess.Popen[bytes]] = []
_was_offered = False


def start_server() -> str:
    """Starts the Agnez server of this machine, if none answers at http://localhost:3000.

    The server goes on after this process. Its data is in the folder ``agnez-data`` of the current
    folder (or ``AGNEZ_DATA``). Returns its address once it answers. RuntimeError: ``AGNEZ_URL``
    names another server, another program has the port, there is no program ``agnez``, or it does
    not start.
    """
    url = credentials.DEFAULT_URL
    if credentials.register_server(None) != url:
        raise RuntimeError(f"AGNEZ_URL names another server than {url}: start that one instead")
    if not _is_answering(url):
        _start(url)
        for each in client.clients():
            each.retry_now()
    return url


def offer_server() -> None:
    """Asks whether to start a server, once, where a person can answer and nothing listens.

    After 10 seconds without an answer the training goes on. Never raises.
    """
    global _was_offered
    if _was_offered or _environment.is_quiet() or not _environment.may_start_server():
        return
    if not _environment.is_terminal():
        return
    _was_offered = True
    try:
        if find_program() is not None and _is_refused(credentials.DEFAULT_URL) and _ask():
            start_server()
    except Exception as error:
        print_line(str(error) or type(error).__name__)


def find_program() -> str | None:
    """The path of the server's program: beside Python's, where pip puts it, or on ``PATH``.

    Relative folders do not count: the current folder may hold a file of another user.
    """
    name = "agnez.exe" if sys.platform == "win32" else "agnez"
    folders = [os.path.dirname(sys.executable or ""), sysconfig.get_path("scripts")]
    for folder in (*folders, *os.environ.get("PATH", "").split(os.pathsep)):
        program = os.path.join(folder, name)
        is_program = os.path.isfile(program) and os.access(program, os.X_OK)
        if os.path.isabs(folder) and is_program:
            return program
    return None


def _is_answering(url: str) -> bool:
    """Whether Agnez answers; RuntimeError if another program does."""
    connection = ServerConnection(url)
    try:
        connection.identify()
    except UnreachableError:
        return False
    except NotAgnezError:
        raise RuntimeError(
            f"another program than Agnez answers at {url}: start Agnez with "
            "`agnez --port 3001`, and set AGNEZ_URL=http://localhost:3001"
        ) from None
    finally:
        connection.close()
    return True


def _start(url: str) -> None:
    program = find_program()
    if program is None:
        raise RuntimeError(
            "there is no program `agnez` beside Python or on PATH: install the server first"
        )
    log = paths.spool_root(None).parent / "server.log"
    try:
        output = _open_log(log)
    except OSError as error:
        raise RuntimeError(f"{log} cannot be written ({error.strerror or error})") from error
    try:
        options: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            detached = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
            options = {"creationflags": detached}
        process = subprocess.Popen(
            [program, "--port", str(urlsplit(url).port)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            **options,
        )
    except OSError as error:
        reason = error.strerror or error
        raise RuntimeError(f"`{program}` cannot be started ({reason})") from error
    finally:
        os.close(output)
    _started.append(process)
    until = time.monotonic() + _START_S
    while not _is_answering(url):
        code = process.poll()
        if code is not None and not _is_answering(url):
            raise RuntimeError(f"`{program}` ended with code {code}: {log} says why")
        if time.monotonic() > until:
            raise RuntimeError(f"`{program}` does not answer at {url}: {log} may say why")
        time.sleep(0.05)
    data = Path(credentials.data_folder()).absolute()
    print_line(f"a server runs at {url} until its process {process.pid} is ended.")
    print_line(f"its data is in {data}, its log in {log}.")
    link = credentials.link_from_data_folder(url)
    if link is not None:
        print_line(f"this link opens it, with an access token: {link}")


def _open_log(log: Path) -> int:
    """Opens the server's log, which may hold an access token, for its user only."""
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
    output = os.open(log, flags, 0o600)
    try:
        if sys.platform != "win32":
            os.fchmod(output, 0o600)
        if os.fstat(output).st_size > _LOG_BYTES:
            os.ftruncate(output, 0)
    except OSError:
        os.close(output)
        raise
    return output


def _is_refused(url: str) -> bool:
    """Whether no program of this machine listens at the address."""
    parts = urlsplit(url)
    host, port = str(parts.hostname), int(parts.port or 80)
    was_refused = False
    for family, kind, protocol, _, address in socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM
    ):
        try:
            with socket.socket(family, kind, protocol) as probe:
                probe.settimeout(0.3)
                code = probe.connect_ex(address)
        except OSError as error:
            code = error.errno or 0
        if code == errno.ECONNREFUSED:
            was_refused = True
        elif code not in _NO_FAMILY:
            return False
    return was_refused


def _ask() -> bool:
    """Asks at the terminal. False without an answer; what was typed before is no answer."""
    terminal = sys.stdin.fileno()
    if select.select([terminal], [], [], 0)[0]:
        return False
    url = credentials.DEFAULT_URL
    question = f"agnez: nothing answers at {url}. Start a server now? [Y/n] "
    print(question, end="", file=sys.stderr, flush=True)  # noqa: T201 - a question
    is_answered = bool(select.select([terminal], [], [], _QUESTION_S)[0])
    is_foreground = _environment.is_terminal()
    if not is_answered and is_foreground:
        _discard_input(terminal)
    if not is_answered or not is_foreground:
        print(f"(no answer in {_QUESTION_S:.0f} s: no)", file=sys.stderr, flush=True)  # noqa: T201
        return False
    # An empty line is a yes; the end of the input is no answer.
    answer = os.read(terminal, 1024).decode(errors="replace").lower() or "n"
    is_yes = answer.strip() in ("", "y", "yes")
    if not is_yes:
        print_line("AGNEZ_START=0 ends this question.")
    return is_yes


def _discard_input(terminal: int) -> None:
    """Discards a half-typed answer: the script or the shell would read it later."""
    import termios  # Not on Windows, where no question is asked.

    termios.tcflush(terminal, termios.TCIFLUSH)
