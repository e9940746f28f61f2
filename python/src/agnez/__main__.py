"""``python -m agnez``: sends what runs have left in their spools."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import __version__
from ._spool import paths
from ._transport.replay import SpoolInUse, replay


def main(argv: list[str] | None = None) -> int:
    """Returns the exit code: 0 when everything was sent, 1 when something is left."""
    parser = argparse.ArgumentParser(
        prog="python -m agnez", description="The Python client of Agnez."
    )
    parser.add_argument("--version", action="version", version=f"agnez {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    send = commands.add_parser(
        "replay",
        help="send what killed or unconnected runs left",
        description="Sends what runs left in their spools. Doing it twice does no harm.",
    )
    send.add_argument(
        "dir", nargs="?", help="a spool, or a folder with spools; without it the user's own"
    )
    send.add_argument("--url", help="send to this server, not to the one that the run had")
    send.add_argument("--refused", action="store_true", help="try again what a server refused")
    send.add_argument(
        "--timeout",
        type=float,
        default=60,
        metavar="SECONDS",
        help="how long to try without an answer (60)",
    )
    show = commands.add_parser("spools", help="list the spools and whether their runs have ended")
    show.add_argument("dir", nargs="?", help="a folder with spools; without it the user's own")
    asked = parser.parse_args(argv)
    root = Path(asked.dir) if asked.dir else paths.spool_root(None)
    folders = paths.list_spools(root)
    if not folders:
        print(f"There is no spool in {root}.")
        return 0
    if asked.command == "spools":
        ended = set(paths.abandoned_spools(root))
        for folder in folders:
            try:
                size = sum(entry.stat().st_size for entry in folder.iterdir())
            except OSError as error:
                # It is sent, or removed, in this moment.
                print(f"{folder}  {error.strerror or error}")
                continue
            print(f"{folder}  {size / 1024:.0f} KiB  {'ended' if folder in ended else 'running'}")
        return 0
    is_left = False
    for folder in folders:
        try:
            print(replay(folder, url=asked.url, refused=asked.refused, timeout=asked.timeout))
            is_left |= folder.exists()
        except SpoolInUse as busy:
            print(busy)
        except Exception as error:  # Whatever one of them holds, the others are sent.
            is_told = isinstance(error, (ValueError, OSError)) and str(error)
            print(
                error if is_told else f"{folder} cannot be sent ({type(error).__name__}: {error}).",
                file=sys.stderr,
            )
            is_left = True
    return 1 if is_left else 0


if __name__ == "__main__":
    sys.exit(main())
