# Tests pass wrong types on purpose, and use private attributes.
# mypy: disable-error-code="arg-type, attr-defined"
"""The requests that the records of runs become."""

from __future__ import annotations

from agnez._spool import record
from agnez._transport import request_builder

SYNC = b"\x01\x02\x03\x04"


def encoded_run() -> tuple[bytes, dict[int, record.Layout]]:
    run = ("b", "r")
    layouts = {
        0: record.Layout(0, [("", "loss"), ("", "a%b")], run),
        1: record.Layout(1, [("", "loss")], run),
        2: record.Layout(2, [("cell", "x")]),
    }
    rows = [
        layouts[step % 3].row(SYNC, 1.5, step, [step] * len(layouts[step % 3].parts))
        for step in range(9)
    ]
    changes = [
        ({"run": run}, {"status": "running", "name": "x"}),
        ({"run": run, "name": "n", "step": 1.0, "time": 2.0}, {"type": "text", "value": "old"}),
        ({"run": run, "name": "n", "step": 3.0, "time": 4.0}, {"type": "text", "value": "new"}),
        ({"run": run, "console": True}, {"text": "a\n"}),
        ({"run": run, "console": True}, {"text": "b\n"}),
    ]
    begin = [record.encode_change(SYNC, target, keys) for target, keys in changes]
    end = record.encode_change(SYNC, {"run": run}, {"status": "finished"})
    return b"".join([*begin, *rows, end]), layouts


def test_equal_bytes_give_equal_requests() -> None:
    data, layouts = encoded_run()
    batch = record.decode(data, SYNC, layouts, is_end=True)
    made = [request_builder.to_requests(batch, layouts, None, "w", 5) for _ in range(2)]
    assert made[0] == made[1]
    assert request_builder.count_requests(batch, layouts) == len(made[0])
    assert [request.key for request in made[0]] == [f"w:{number}" for number in range(5, 11)]
    bodies = [(request.method, request.path, request.body) for request in made[0]]
    assert bodies[0] == (
        "PATCH",
        "/boards/b/runs/r?upsert=true",
        b'{"status":"running","name":"x"}',
    )
    assert bodies[1][2] == b'[{"step":3.0,"time":4.0,"n":{"type":"text","value":"new"}}]'
    assert bodies[2][1] == "/points"
    assert bodies[3][1] == "/boards/b/runs/r/log"
    assert bodies[3][2].startswith(
        b'[{"step":0.0,"time":1.5,"loss":0.0,"a%b":0.0},{"step":1.0,"time":1.5,"loss":1.0},'
    )
    assert bodies[4][2] == b"a\nb\n" and bodies[5][2] == b'{"status":"finished"}'
    parts = request_builder.split(made[0][3])
    assert [(part.key, list(part.points.values())) for part in parts] == [
        ("w.8:0", [6]),
        ("w.8:1", [3]),
    ]


def test_step_metrics_reach_the_server_between_the_points_around_them() -> None:
    run = ("b", "r")
    layouts = {0: record.Layout(0, [("", "loss")], run)}
    row = layouts[0].row(SYNC, 1, 0, [1])
    steps = record.encode_change(SYNC, {"run": run}, {"stepMetrics": {"*": "epoch"}})
    data = steps + row + steps + row
    first = record.decode(data, SYNC, layouts, is_end=True)
    assert first.run_changes and len(first.rows[0]) == 1 and not first.late_run_changes
    rest = record.decode(data[first.size :], SYNC, layouts, is_end=True)
    assert rest.run_changes == first.run_changes and rest.rows == first.rows
    assert first.size + rest.size == len(data)


def test_many_metrics_are_several_requests() -> None:
    layouts = {0: record.Layout(0, [("", f"m{at}") for at in range(2500)], ("b", "r"))}
    data = b"".join(layouts[0].row(SYNC, 1, step, range(2500)) for step in range(3))
    batch = record.decode(data, SYNC, layouts, is_end=True)
    made = request_builder.to_requests(batch, layouts, None, "w", 0)
    assert request_builder.count_requests(batch, layouts) == len(made)
    assert sum(count for request in made for count in request.points.values()) == 7500
    assert max(len(request.points) for request in made) <= 1000


def test_damaged_changes_of_runs_are_passed_over() -> None:
    good = record.encode_change(SYNC, {"run": ("b", "r")}, {"name": "x"})
    for target in (
        {"run": "b"},
        {"run": ["b", 3]},
        {"run": ["b", "r", "x"]},
        {"run": ["b", "r"], "name": 3, "step": 1, "time": 1},
        {"run": ["b", "r"], "name": "n", "step": "x", "time": 1},
        {"run": ["b", "r"], "console": True},
        {},
    ):
        data = record.encode_change(SYNC, target, {"value": 1}) + good
        batch = record.decode(data, SYNC, {}, is_end=True)
        assert batch.run_changes == {("b", "r"): {"name": "x"}} and batch.is_torn, target
        assert batch.count_changes() == 1, target
