"""The blocks of docs/callbacks.md are run as they stand, each with what its framework needs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from server import Server

np = pytest.importorskip("numpy")

import agnez
from agnez._transport import client

BLOCKS = re.findall(
    r"```python\n(.*?)```", (Path(__file__).parents[2] / "docs" / "callbacks.md").read_text(), re.S
)


def run(
    word: Any, own_server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, **names: Any
) -> None:
    monkeypatch.setenv("AGNEZ_URL", own_server.url)
    monkeypatch.setenv("AGNEZ_SPOOL", str(tmp_path / "spool"))
    chosen = [block for block in BLOCKS if word in block]
    assert chosen, f"no block has {word}"
    names = {"agnez": agnez, **names}
    for block in chosen:
        exec(block, names)
    assert all(each.flush(30) for each in client.clients())


def test_blocks_of_keras(
    own_server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fits = pytest.importorskip("test_keras")
    import agnez.grids  # noqa: F401

    x, y, _, _ = fits.digits()
    run("model.fit", own_server, monkeypatch, tmp_path, model=fits.made_model(), x=x, y=y)
    assert {"loss", "accuracy", "learning rate", "weight norms", "gradient norms"} <= set(
        own_server.named("mnist")
    )
    assert set(own_server.named("main")) == {"Loss plot", "Conv weights", "img"}


def test_blocks_of_torch(
    own_server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lines = pytest.importorskip("test_torch")
    torch = pytest.importorskip("torch")
    x, y = lines.line(32)
    model = lines.made_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    run(
        "agnez.torch.watch",
        own_server,
        monkeypatch,
        tmp_path,
        torch=torch,
        model=model,
        optimizer=optimizer,
        x=x,
        y=y,
    )
    assert {"weight norms", "gradient norms"} <= set(own_server.named("mnist"))


def test_blocks_of_scikit_learn(
    own_server: Server,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    loops = pytest.importorskip("test_sklearn")
    (x, y), (x_val, y_val) = loops.digits()
    run("agnez.sklearn", own_server, monkeypatch, tmp_path, x=x, y=y, x_val=x_val, y_val=y_val)
    assert capsys.readouterr().out == "0\n1\n2\n3\n4\n"
    assert {"loss", "accuracy", "confusion", "pets"} <= set(own_server.named("digits"))


def test_blocks_of_grids(
    own_server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run("grids.img_grid(np", own_server, monkeypatch, tmp_path)
    assert [cell["type"] for cell in own_server.named("grids").values()] == ["img"] * 4
