# Tests pass wrong types on purpose, and use private attributes.
# mypy: disable-error-code="union-attr"
"""``python -m agnez``: the list of spools, and their replay."""

from __future__ import annotations

from pathlib import Path

import pytest

from agnez.__main__ import main
from agnez._spool import paths
from first_minute import bare
from server import (
    AWAY,
    abandoned_spool,
)

#: The environment of a person at a desk, for each test here.
__all__ = ["bare"]

# ---- the lines of a board ------------------------------------------------------------------------


def test_the_command_explains_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    shown = capsys.readouterr().out
    assert "replay" in shown and "spools" in shown and str(paths.spool_root(None)) in shown
    for wrong, reason in (
        (["replay", "--timeout", "nan"], "nan is no number of seconds"),
        (["replay", "--timeout", "-1"], "-1 is no number of seconds"),
        (["send"], "invalid choice: 'send'"),
    ):
        with pytest.raises(SystemExit) as ended:
            main(wrong)
        assert ended.value.code == 2 and reason in capsys.readouterr().err


def test_the_list_of_spools_names_their_servers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = abandoned_spool(tmp_path / "spool", "agnez.Board('b').log(loss=1)", AWAY)
    assert main(["spools", str(tmp_path / "spool")]) == 0
    line = capsys.readouterr().out
    assert line.startswith(f"{folder}  ") and line.endswith(f"  ended  {AWAY}\n")


def test_a_server_that_does_not_answer_is_waited_for_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "spool"
    for board in ("a", "b", "c"):
        abandoned_spool(root, f"agnez.Board({board!r}).log(loss=1)", AWAY)
    assert main(["replay", str(root), "--timeout", "0"]) == 1
    shown = capsys.readouterr()
    assert (shown.out, shown.err.count("The rest stays in")) == ("", 1), shown
    assert shown.err.endswith(f"2 other spools for {AWAY} stay, too.\n")
    assert len(paths.list_spools(root)) == 3


def test_the_server_program_calls_the_command_by_its_own_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["replay", "--help"], program="agnez")
    assert capsys.readouterr().out.startswith("usage: agnez replay ")
    assert main([], program="agnez") == 0
    shown = capsys.readouterr().out
    assert "\n  agnez replay --url " in shown and "python -m" not in shown
