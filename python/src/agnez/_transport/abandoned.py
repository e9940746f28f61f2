"""Spools of earlier runs that no process sends."""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path

from .._messages import warn_once
from .._spool import paths

#: How many spool folders are looked at.
_MAX_FOLDERS = 1000


def warn(root: Path, own: Set[Path], writers: Set[str]) -> None:
    """Warns once about abandoned spools in a folder.

    ``own``: the spools of this process. Those of children of ``writers`` do not count: the parent
    sends them.
    """
    count = 0
    for folder in paths.list_spools(root)[-_MAX_FOLDERS:]:
        is_family = str(paths.read_metadata(folder).get("parent")) in writers
        if folder not in own and not is_family:
            count += next(paths.abandoned_spools(folder), None) is not None
    if count:
        warn_once(
            "old",
            f"{count} earlier run{'' if count == 1 else 's'} left values unsent in {root}: "
            f"`python -m agnez replay {root}` sends them.",
        )
