"""Where this process runs: which messages a person will see, and what may be offered."""

from __future__ import annotations

import os
import sys
from typing import Any

#: The rank of a process among those of one training, from the innermost launcher to the outermost.
_RANKS = (
    "RANK",
    "OMPI_COMM_WORLD_RANK",
    "PMIX_RANK",
    "PMI_RANK",
    "SLURM_PROCID",
    "LOCAL_RANK",
)
#: The rank of a node, under launchers that give a process no other rank than that in its node.
_NODE_RANKS = ("NODE_RANK", "GROUP_RANK")
#: Variables of batch systems; their nodes belong to many users, and their jobs end.
_CLUSTER_PREFIXES = ("SLURM_", "PBS_", "LSB_")
_UNATTENDED = ("KUBERNETES_SERVICE_HOST", "CI")

#: Whether this is a child of a fork: the parent speaks for it.
_is_forked = False


def is_quiet() -> bool:
    """Whether ``AGNEZ_QUIET`` asks for no lines about boards. Warnings stay: they are of values."""
    return os.environ.get("AGNEZ_QUIET", "0") not in ("", "0")


def rank() -> int:
    """The number of this process in a training of several, as far as the launcher tells it.

    0 is the first one; of several numbers it is the first that is above 0.
    """
    ranks = [next((name for name in _RANKS if os.environ.get(name)), "RANK"), "LOCAL_RANK"]
    if not os.environ.get("RANK"):
        # A Slurm job may have one task, whose launcher starts the processes of a node.
        ranks += _NODE_RANKS
    for name in ranks:
        text = (os.environ.get(name) or "0").strip()
        if text != "0":
            return int(text) if text.isdecimal() else 1
    return 0


def is_first_process() -> bool:
    """Whether this process speaks for a training of several: rank 0, and no child of another."""
    process: Any = sys.modules.get("multiprocessing.process")
    is_child = process is not None and process.parent_process() is not None
    return rank() == 0 and not is_child and not _is_forked


def is_spawning() -> bool:
    """Whether ``multiprocessing`` is pickling the arguments of a process that it starts."""
    context: Any = sys.modules.get("multiprocessing.context")
    return context is not None and context.get_spawning_popen() is not None


def script_name() -> str:
    """The file name of the script that runs; ``python`` in an interactive session."""
    return os.path.basename((getattr(sys, "argv", None) or [""])[0]) or "python"


def is_notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    shell: Any = sys.modules.get("IPython")
    try:
        return shell is not None and hasattr(shell.get_ipython(), "kernel")
    except Exception:  # Another module of this name.
        return False


def is_terminal() -> bool:
    """Whether a person at a terminal can see a question of this process, and answer it."""
    try:
        return (
            sys.stdin.isatty()
            and sys.stderr.isatty()
            and os.getpgrp() == os.tcgetpgrp(sys.stdin.fileno())
        )
    except (AttributeError, OSError, ValueError):  # No terminal, a closed file, or Windows.
        return False


def may_start_server() -> bool:
    """Whether starting a server may be offered here: never on a cluster, in CI or by a rank > 0."""
    return (
        os.environ.get("AGNEZ_START", "1") != "0"
        and is_first_process()
        and not any(name.startswith(_CLUSTER_PREFIXES) for name in os.environ)
        and not any(os.environ.get(name) for name in _UNATTENDED)
    )


def after_fork() -> None:
    """In the child of a fork."""
    global _is_forked
    _is_forked = True
