"""``python -m agnez``: lists the spools, and sends those of ended runs."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

from . import __version__
from ._spool import paths
from ._transport.replay import SpoolInUseError, replay

_DESCRIPTION = """\
The spools of the Python client: what a training logged is in its spool until the server has it.
A training sends its own spool; `replay` sends those that a killed or unconnected run left."""

_EXAMPLES = """\
examples:
  {program} spools                          which spools are there
  {program} replay                          send all of them, each to its run's server
  {program} replay --url http://gpu:3000    send them to another server

The spools of this user are in {root} (AGNEZ_SPOOL).
AGNEZ_TOKEN is the token of a server that requires one."""


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds from 0")
    return seconds


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program,
        description=_DESCRIPTION,
        epilog=_EXAMPLES.format(program=program, root=paths.spool_root(None)),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"agnez {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    send = commands.add_parser(
        "replay",
        help="send the spools of killed or unconnected runs",
        description="Sends the unsent values of ended runs, and removes what was sent. "
        "Doing it twice is harmless. Ends with 1 if something is left to send.",
    )
    send.add_argument(
        "dir", nargs="?", help="a spool, or a folder of spools (default: the user's own)"
    )
    send.add_argument("--url", help="send to this server instead of the run's")
    send.add_argument("--refused", action="store_true", help="also retry refused requests")
    send.add_argument(
        "--timeout",
        type=_seconds,
        default=60,
        metavar="SECONDS",
        help="how long to try without an answer (default: 60)",
    )
    show = commands.add_parser(
        "spools",
        help="list the spools: size, whether the run has ended, server",
        description="Lists the spools: size, whether the run has ended, and the run's server.",
    )
    show.add_argument("dir", nargs="?", help="a folder of spools (default: the user's own)")
    return parser


def main(argv: list[str] | None = None, program: str = "python -m agnez") -> int:
    """Runs the command. Returns the exit code: 1 when something is left to send, else 0.

    ``program`` is what the user typed before the command: the server's program calls this, too.
    """
    parser = _parser(program)
    options = parser.parse_args(argv)
    if options.command is None:
        parser.print_help()
        return 0
    root = Path(options.dir) if options.dir else paths.spool_root(None)
    folders = paths.list_spools(root)
    if not folders:
        print(f"There is no spool in {root}.")
        return 0
    if options.command == "spools":
        _list(root, folders)
        return 0
    return 1 if _send(folders, options) else 0


def _list(root: Path, folders: list[Path]) -> None:
    ended = set(paths.abandoned_spools(root))
    for folder in folders:
        try:
            size = sum(entry.stat().st_size for entry in folder.iterdir())
        except OSError as error:
            # Another process just sent it or removed it.
            print(f"{folder}  {error.strerror or error}")
            continue
        state = "ended" if folder in ended else "running"
        url = paths.read_metadata(folder).get("url", "")
        print(f"{folder}  {size / 1024:.0f} KiB  {state}  {url}".rstrip())


def _send(folders: list[Path], options: argparse.Namespace) -> bool:
    """Sends the spools. Returns whether something is left to send."""
    is_left = False
    #: Servers that did not answer, with the number of their spools that were not tried.
    skipped: dict[str, int] = {}
    for folder in folders:
        url = str(options.url or paths.read_metadata(folder).get("url"))
        if url in skipped:
            skipped[url] += 1
            continue
        try:
            print(replay(folder, url=options.url, refused=options.refused, timeout=options.timeout))
            is_left |= folder.exists()
        except SpoolInUseError as busy:
            print(busy)
        except Exception as error:  # Of this spool: the others are sent.
            is_sentence = isinstance(error, (ValueError, OSError)) and str(error)
            message = f"{folder} cannot be sent ({type(error).__name__}: {error})."
            print(error if is_sentence else message, file=sys.stderr)
            is_left = True
            if isinstance(error, TimeoutError):
                skipped[url] = 0
    for url, count in skipped.items():
        if count:
            spools = "1 other spool" if count == 1 else f"{count} other spools"
            print(f"{spools} for {url} stay{'s' if count == 1 else ''}, too.", file=sys.stderr)
    return is_left


if __name__ == "__main__":
    sys.exit(main())
