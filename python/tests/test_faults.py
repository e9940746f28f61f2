# Tests pass wrong types on purpose, and use private attributes.
# mypy: disable-error-code="operator, union-attr"
"""Absent servers and killed processes: no logged value is lost or duplicated."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import agnez
from agnez.__main__ import main
from agnez._spool import paths
from agnez._transport.replay import replay
from server import PATIENCE_S, Server, eventually, free_port, script, steps

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")


def test_a_server_that_comes_late(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    server = Server(tmp_path / "server", free_port())
    board = agnez.Board("late", url=server.url)
    for step in range(100):
        board.log(step=step, loss=step)
    board.text("note", "hi")
    assert not board.flush(0.3)
    server.start()
    try:
        assert board.flush(60)
        assert steps(server, "late-loss", "loss") == list(range(100))
        assert server.cell("late-note")["value"] == "hi"
        assert caplog.text.count("takes nothing now") == 1
    finally:
        server.kill()


def test_a_server_that_is_restarted_again_and_again(own_server: Server, name: str) -> None:
    board = agnez.Board(name, url=own_server.url)
    step = 0
    for _ in range(4):
        until = time.monotonic() + 0.5
        while time.monotonic() < until:
            board.log(step=step, loss=step, other=step)
            step += 1
            time.sleep(0.0005)
        own_server.kill()
        own_server.start()
    assert board.flush(60)
    assert steps(own_server, f"{name}-loss", "loss") == list(range(step))
    assert steps(own_server, f"{name}-other", "other") == list(range(step))


def test_a_server_that_has_lost_everything(own_server: Server, tmp_path: Path, name: str) -> None:
    board = agnez.Board(name, url=own_server.url)
    board.log(step=0, loss=0)
    assert board.flush(60)
    own_server.kill()
    own_server.folder = tmp_path / "another"
    own_server.start()
    board.log(step=1, loss=1)
    board.line("loss").set_title("Loss")
    assert board.flush(60)
    assert steps(own_server, f"{name}-loss", "loss") == [1]


def test_one_cell_that_is_refused_does_not_hold_up_the_others(
    server: Server, board: Any, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    board.log(step=0, good=0, bad=0)
    assert board.flush(60)
    server.ask(f"/values/{name}-bad", {"type": "text", "value": "mine"}, "PUT")
    for step in range(1, 50):
        board.log(step=step, good=step, bad=step)
    assert board.flush(60)
    assert steps(server, f"{name}-good", "good") == list(range(50))
    assert "refused values of" in caplog.text and caplog.text.count("\n") == 1
    eventually(
        lambda: any(
            "1 requests refused" in str(cell.get("value")) for cell in server.cells(name).values()
        )
    )
    folder = board._client.spool.folder
    board.close()
    assert "refused" in caplog.text and (folder / "refused.jsonl").is_file()
    # A person makes room for it: then it can be sent.
    server.ask(f"/values/{name}-bad", method="DELETE")
    assert main(["replay", str(folder), "--refused"]) == 0
    assert steps(server, f"{name}-bad", "bad") == list(range(1, 50))
    assert not folder.exists()


def test_close_removes_the_spool_and_logging_continues_after_it(
    server: Server, board: Any, name: str
) -> None:
    board.log(step=0, loss=0)
    folder = board._client.spool.folder
    assert board.close() and not folder.exists()
    board.log(step=1, loss=1)
    assert board._client.spool.folder != folder and board.close()
    assert steps(server, f"{name}-loss", "loss") == [0, 1]


def test_killed_and_sent_again_twice(
    own_server: Server, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    spool = tmp_path / "spool"
    process = script(
        f"""
        import agnez, sys, time
        board = agnez.Board({name!r})
        for step in range(10**9):
            board.log(step=step, loss=step, **{{"acc/val": step}})
            if step % 50 == 0:
                board.text("note", "x" * 70000 + str(step))
            print(step, flush=True)
        """,
        spool,
        own_server.url,
    )
    logged = 0
    for line in process.stdout:
        logged = int(line)
        if logged == 300:
            own_server.kill()
        if logged >= 3000:
            break
    process.kill()
    rest = process.communicate()[0].split()
    logged = max([logged, *map(int, rest[:-1])])
    own_server.start()
    (folder,) = paths.list_spools(spool)
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-r", folder, copy], check=True)
    assert main(["replay", str(spool)]) == 0 and not folder.exists()
    found = steps(own_server, f"{name}-loss", "loss")
    assert found == list(range(len(found))) and len(found) >= logged + 1
    assert steps(own_server, f"{name}-acc", "val") == found
    # The same spool once more, as if the first replay had been killed before it removed anything.
    assert main(["replay", str(copy)]) == 0
    assert steps(own_server, f"{name}-loss", "loss") == found
    note = int(own_server.cell(f"{name}-note")["value"].lstrip("x"))
    # It may have been killed between the points of a step and the text of it.
    assert logged // 50 * 50 <= note <= len(found) - 1


def test_a_replay_that_is_killed_in_the_middle_does_no_harm(
    own_server: Server, tmp_path: Path, name: str
) -> None:
    spool = tmp_path / "spool"
    process = script(
        f"""
        import agnez, os
        board = agnez.Board({name!r}, url="http://127.0.0.1:9")
        for step in range(100_000):
            board.log(step=step, loss=step)
        os._exit(0)
        """,
        spool,
        own_server.url,
    )
    assert process.wait(PATIENCE_S) == 0

    def is_further(again: Any, before: Any) -> Any:
        if again.poll() is not None:
            return True
        if not own_server.has(f"{name}-loss"):
            return False
        series = own_server.cell(f"{name}-loss")["value"]["series"]
        return bool(series) and series["loss"]["points"] > before

    runs = 0
    while paths.list_spools(spool):
        again = subprocess.Popen(
            [sys.executable, "-m", "agnez", "replay", str(spool), "--url", own_server.url],
            stdout=subprocess.PIPE,
        )
        before = (
            len(own_server.points(f"{name}-loss", "loss")) if own_server.has(f"{name}-loss") else 0
        )
        if runs < 3:
            eventually(lambda again=again, before=before: is_further(again, before))
            again.kill()
        again.communicate()
        runs += 1
        assert runs < 20
    assert steps(own_server, f"{name}-loss", "loss") == list(range(100_000))


def test_a_running_process_keeps_its_spool(board: Any, name: str) -> None:
    board.log(loss=1)
    folder = board._client.spool.folder
    code = "import sys; from agnez.__main__ import main; sys.exit(main(['replay', sys.argv[1]]))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert "belongs to a process that is running" in done.stdout and done.returncode == 0


@pytest.mark.parametrize("address", ["refused", "silent"])
def test_the_exit_takes_at_most_five_seconds(tmp_path: Path, name: str, address: Any) -> None:
    import socket

    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        if address == "silent":
            silent.listen(100)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        process = script(
            """
            import agnez, time
            board = agnez.Board("b")
            for step in range(1000):
                board.log(step=step, loss=step)
            print(time.time(), flush=True)
            """,
            tmp_path / "spool",
            url,
        )
        out, errors = process.communicate(timeout=PATIENCE_S)
        took = time.time() - float(out)
    assert process.returncode == 0
    # Five, and the interpreter's own exit on a busy machine; a single request would wait for ten.
    assert took < 7.5, f"{took} s"
    assert (
        errors.count("\n") == (2 if address == "refused" else 1)
        and "python -m agnez replay" in errors
    )
    assert len(paths.list_spools(tmp_path / "spool")) == 1


def test_a_new_process_warns_of_old_spools_once(server: Server, tmp_path: Path, name: str) -> None:
    spool = tmp_path / "spool"
    code = "import agnez, os; agnez.Board('b').log(loss=1); {}"
    assert script(code.format("os._exit(0)"), spool, "http://127.0.0.1:9").wait(PATIENCE_S) == 0
    process = script(code.format("agnez.Board('c').log(loss=2)"), spool, server.url)
    assert "agnez: 1 earlier run left values unsent" in process.communicate(timeout=PATIENCE_S)[1]
    assert len(paths.list_spools(spool)) == 1


@needs_fork
def test_a_fork_has_a_spool_of_its_own(server: Server, tmp_path: Path, name: str) -> None:
    process = script(
        f"""
        import agnez, os
        board = agnez.Board({name!r})
        for step in range(500):
            board.log(step=step, parent=step)
        for child in range(3):
            if os.fork() == 0:
                for step in range(500):
                    board.log({{f"child{{child}}": step}}, step=step)
                board.close() if child else os._exit(0)
                os._exit(0)
        for step in range(500, 1000):
            board.log(step=step, parent=step)
        for child in range(3):
            os.wait()
        """,
        tmp_path / "spool",
        server.url,
    )
    assert process.communicate(timeout=PATIENCE_S)[1] == "" and process.returncode == 0
    assert steps(server, f"{name}-parent", "parent") == list(range(1000))
    for child in range(3):
        assert steps(server, f"{name}-child{child}", f"child{child}") == list(range(500))
    assert paths.list_spools(tmp_path / "spool") == []


@needs_fork
def test_workers_of_multiprocessing_send_before_they_end(
    server: Server, tmp_path: Path, name: str
) -> None:
    process = script(
        f"""
        import agnez, multiprocessing
        def work(number):
            for step in range(300):
                board.log({{f"worker{{number}}": step}}, step=step)
        board = agnez.Board({name!r})
        board.log(main=1)
        context = multiprocessing.get_context("fork")
        workers = [context.Process(target=work, args=(number,)) for number in range(2)]
        [worker.start() for worker in workers]
        [worker.join() for worker in workers]
        """,
        tmp_path / "spool",
        server.url,
    )
    assert process.communicate(timeout=PATIENCE_S)[1] == "" and process.returncode == 0
    for number in range(2):
        assert steps(server, f"{name}-worker{number}", f"worker{number}") == list(range(300))


def test_another_program_answers(tmp_path: Path, name: str) -> None:
    import http.server
    import threading

    class Other(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_error(404)

        do_PATCH = do_POST

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Other) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        board = agnez.Board(name, url=f"http://127.0.0.1:{other.server_port}")
        board.log(loss=1)
        assert not board.flush(0.5)
        folder = board._client.spool.folder
        board.close(0.5)
        assert folder.is_dir() and not (folder / "refused.jsonl").exists()
        other.shutdown()


def test_python_m_agnez_helps(tmp_path: Path) -> None:
    for args, says in (
        (["--help"], "replay"),
        (["replay", "--help"], "--refused"),
        (["spools", str(tmp_path)], "There is no spool"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "agnez", *args],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        assert done.returncode == 0 and says in done.stdout
    with pytest.raises(ValueError, match="holds no spool"):
        replay(tmp_path)


def test_a_crash_after_a_refused_request_was_split(
    server: Server, tmp_path: Path, name: str
) -> None:
    """Accepted parts must not come again with the whole, even if it would be accepted now."""
    server.ask("/values", {"_id": f"{name}-bad", "board": name, "type": "text", "value": "mine"})
    spool = tmp_path / "spool"
    process = script(
        f"""
        import agnez, os
        from agnez._transport.outbox import Outbox
        Outbox.record_refused = lambda *_: os.kill(os.getpid(), 9)
        board = agnez.Board({name!r})
        board.log(step=0, good=0, bad=0)
        board.flush(60)
        """,
        spool,
        server.url,
    )
    assert process.wait(PATIENCE_S) == -9
    assert steps(server, f"{name}-good", "good") == [0]
    server.ask(f"/values/{name}-bad", method="DELETE")
    assert main(["replay", str(spool)]) == 0 and paths.list_spools(spool) == []
    assert steps(server, f"{name}-good", "good") == steps(server, f"{name}-bad", "bad") == [0]
