"""Other people's packages, imported where they are used and named in one sentence where they are missing."""

from __future__ import annotations

import importlib
from typing import Any


def import_optional(module: str, user: str, install: str | None = None) -> Any:
    """The module; ImportError says which part of agnez needs it and what to install."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        # A package that is there and broken speaks for itself.
        if error.name is None or module.partition(".")[0] != error.name.partition(".")[0]:
            raise
        raise ModuleNotFoundError(
            f"{user} needs {install or module}: pip install {install or module}", name=error.name
        ) from None
