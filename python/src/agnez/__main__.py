"""``python -m agnez``: sends the spools of ended runs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import __version__
from ._spool import paths
from ._transport.replay import SpoolInUseError, replay


def main(argv: list[str] | None = None) -> int:
    """Runs the command. Returns the exit code: 1 when something is left to send, else 0."""
    parser = argparse.ArgumentParser(
        prog="python -m agnez", description="The Python client of Agnez."
    )
    parser.add_argument("--version", action="version", version=f"agnez {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    send = commands.add_parser(
        "replay",
        help="send the spools of killed or unconnected runs",
        description="Sends the unsent values of ended runs. Doing it twice is harmless.",
    )
    send.add_argument(
        "dir", nargs="?", help="a spool, or a folder of spools (default: the user's own)"
    )
    send.add_argument("--url", help="send to this server instead of the run's")
    send.add_argument("--refused", action="store_true", help="also retry refused requests")
    send.add_argument(
        "--timeout",
        type=float,
        default=60,
        metavar="SECONDS",
        help="how long to try without an answer (default: 60)",
    )
    show = commands.add_parser("spools", help="list the spools and whether their runs have ended")
    show.add_argument("dir", nargs="?", help="a folder of spools (default: the user's own)")
    options = parser.parse_args(argv)
    root = Path(options.dir) if options.dir else paths.spool_root(None)
    folders = paths.list_spools(root)
    if not folders:
        print(f"There is no spool in {root}.")
        return 0
    if options.command == "spools":
        ended = set(paths.abandoned_spools(root))
        for folder in folders:
            try:
                size = sum(entry.stat().st_size for entry in folder.iterdir())
            except OSError as error:
                # Another process just sent it or removed it.
                print(f"{folder}  {error.strerror or error}")
                continue
            print(f"{folder}  {size / 1024:.0f} KiB  {'ended' if folder in ended else 'running'}")
        return 0
    is_left = False
    for folder in folders:
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
    return 1 if is_left else 0


if __name__ == "__main__":
    sys.exit(main())
