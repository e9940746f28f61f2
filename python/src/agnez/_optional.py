"""Imports of optional packages, with an error that says what to install."""

from __future__ import annotations

import importlib
from typing import Any


def import_optional(module: str, user: str, install: str | None = None) -> Any:
    """Imports a module on behalf of ``user``, a part of agnez.

    Raises ModuleNotFoundError with the package to install, ``install`` or ``module``.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        # An installed package whose own imports fail reports that itself.
        if error.name is None or module.partition(".")[0] != error.name.partition(".")[0]:
            raise
        package = install or module
        raise ModuleNotFoundError(
            f"{user} needs {package}: pip install {package}", name=error.name
        ) from None
