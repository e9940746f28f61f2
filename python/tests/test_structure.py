"""The package's imports: no cycles, and each subpackage only imports those below it."""

from __future__ import annotations

import ast
from pathlib import Path

import agnez

ROOT = Path(agnez.__file__).parent
#: From the bottom to the top. Modules of the package itself are above the private subpackages.
LAYERS = ("_environment", "_messages", "_optional", "_values", "_capture", "_spool", "_transport")


def imports() -> dict[str, set[str]]:
    """The modules that each module imports when it is imported itself."""
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in ROOT.rglob("*.py")}
    found: dict[str, set[str]] = {}
    for name in names:
        found[name] = set()
        tree = ast.parse((ROOT / f"{name.replace('.', '/')}.py").read_text(encoding="utf-8"))
        for node in tree.body:
            if not isinstance(node, ast.ImportFrom) or not node.level:
                continue
            parts = name.split(".")[: -node.level] + (node.module or "").split(".")
            module = ".".join(part for part in parts if part)
            for alias in node.names:
                inside = f"{module}.{alias.name}".lstrip(".")
                found[name].add(inside if inside in names else module)
    return {name: targets & names for name, targets in found.items()}


def test_modules_import_each_other_in_one_direction() -> None:
    graph = imports()
    assert len(graph) > 40 and "_spool.spool" in graph["_transport.client"]
    while True:
        leaves = {name for name, targets in graph.items() if not targets}
        if not leaves:
            break
        graph = {name: targets - leaves for name, targets in graph.items() if name not in leaves}
    assert graph == {}, "these modules import each other in a cycle"


def test_private_subpackages_import_only_those_below_them() -> None:
    for name, targets in imports().items():
        layer = name.split(".")[0]
        if layer in LAYERS:
            allowed = LAYERS[: LAYERS.index(layer) + 1]
            assert {target.split(".")[0] for target in targets} <= set(allowed), name
