"""The record format: torn or missing bytes leave the other records readable."""

from __future__ import annotations

import random
from typing import Any

from agnez._spool import record
from agnez._transport import request_builder

SYNC = b"\x01\x02\x03\x04"
LAYOUTS = {0: record.Layout(0, [("a", "x")]), 1: record.Layout(1, [("a", "x"), ("b", "y")])}


def row(number: Any, step: Any) -> Any:
    return LAYOUTS[number].row(SYNC, 1.0, step, [step] * len(LAYOUTS[number].parts))


def read(data: Any, is_end: Any = True) -> Any:
    return record.decode(data, SYNC, LAYOUTS, is_end=is_end)


def test_a_torn_record_costs_only_itself() -> None:
    whole = [
        row(0, 1),
        row(1, 2),
        record.encode_change(SYNC, {"cell": "c"}, {"value": "x" * 50}),
        row(0, 3),
    ]
    rng = random.Random(4)
    for at in range(len(whole)):
        for cut in range(1, len(whole[at])):
            data = b"".join(whole[:at]) + whole[at][:cut] + b"".join(whole[at + 1 :])
            found = read(data)
            assert found.size == len(data) and found.is_torn
            steps = [values[1] for number in found.rows for values in found.rows[number]]
            assert sorted(steps) == [
                step for place, step in ((0, 1), (1, 2), (3, 3)) if place != at
            ]
            assert bool(found.changes) == (at != 2)
            damaged = bytearray(b"".join(whole))
            damaged[rng.randrange(len(damaged))] ^= 0xFF
            assert read(bytes(damaged)).size == len(damaged)


def test_an_incomplete_record_waits() -> None:
    data = row(0, 1) + row(0, 2)
    for cut in range(1, len(row(0, 2))):
        found = read(data[:-cut], is_end=False)
        assert found.size == len(row(0, 1)) and not found.is_torn


def test_zeros_are_the_end_and_nothing_torn() -> None:
    found = read(row(0, 1) + bytes(100))
    assert found.rows == {0: [(1.0, 1.0, 1.0)]} and not found.is_torn


def test_a_new_value_never_overtakes_points() -> None:
    value = record.encode_change(SYNC, {"cell": "a"}, {"value": None})
    data = (
        value
        + row(0, 1)
        + record.encode_change(SYNC, {"cell": "a"}, {"name": "n"})
        + record.encode_change(SYNC, {"cell": "c"}, {"value": 1})
        + value
        + row(0, 2)
    )
    first = read(data)
    assert (
        first.changes == {"a": {"value": None, "name": "n"}, "c": {"value": 1}}
        and first.rows[0][0][1] == 1
    )
    second = read(data[first.size :])
    assert second.changes == {"a": {"value": None}} and second.rows[0][0][1] == 2


def test_the_same_bytes_give_the_same_requests() -> None:
    data = b"".join(row(step % 2, step) for step in range(100)) + record.encode_change(
        SYNC, {"cell": "c"}, {"value": 1}
    )
    made = [request_builder.to_requests(read(data), LAYOUTS, None, "w", 5) for _ in range(2)]
    assert made[0] == made[1] and [request.key for request in made[0]] == ["w:5", "w:6"]
    assert request_builder.count_requests(read(data), LAYOUTS) == 2
    parts = request_builder.decode_points(made[0][1].body)
    assert list(parts["a", "x"][0]) == list(range(100))
    apart = request_builder.split(made[0][1])
    assert [request.cells for request in apart] == [["a"], ["b"]] and [
        request.key for request in apart
    ] == ["w.6:0", "w.6:1"]
    assert request_builder.decode_points(apart[0].body) == {("a", "x"): parts["a", "x"]}


def test_many_series_are_several_requests() -> None:
    layout = {0: record.Layout(0, [(f"c{at % 7}", f"s{at}") for at in range(1200)])}
    found = record.decode(layout[0].row(SYNC, 1, 2, range(1200)), SYNC, layout, is_end=True)
    made = request_builder.to_requests(found, layout, None, "w", 0)
    assert len(made) == request_builder.count_requests(found, layout) == 3
    assert sum(len(request_builder.decode_points(request.body)) for request in made) == 1200
