"""Writes groups.json: what src/series/groups must answer, computed step by step with numpy and scipy.

    python tests/statistics/groups.py > tests/statistics/groups.json

Needs numpy and scipy. The rules are those of docs/groups.md, written down once more as plainly as possible.
"""

import json
import math
import sys

import numpy as np
from scipy import stats

rng = np.random.default_rng(18)
NAN, INF = math.nan, math.inf
PAIRS = [
    ("mean", "t95"),
    ("mean", "std"),
    ("mean", "stderr"),
    ("mean", "minmax"),
    ("mean", "none"),
    ("median", "iqr"),
    ("median", "minmax"),
    ("geomean", "t95"),
    ("min", "none"),
    ("max", "none"),
]


def curve(points):
    """[(step, value or NaN, lowest point, highest point)] of points in the order of arrival."""
    left = []
    for step, value in points:
        if left and step < left[-1][0]:
            left = [point for point in left if point[0] < step]
        left.append((step, value))
    steps = sorted({step for step, _ in left})
    result = []
    for step in steps:
        finite = [value for at, value in left if at == step and math.isfinite(value)]
        result.append((step, np.mean(finite), min(finite), max(finite)) if finite else (step, NAN, NAN, NAN))
    return result


def between(points, x):
    """(state, value) where a curve has no point at x."""
    before = [point for point in points if point[0] < x]
    after = [point for point in points if point[0] > x]
    if not before:
        return "not begun", NAN
    if not after:
        return "ended", NAN
    (x0, y0, *_), (x1, y1, *_) = before[-1], after[0]
    if math.isnan(y0) or math.isnan(y1):
        return "nan", NAN
    return "interpolated", float(np.interp(x, [x0, x1], [y0, y1]))


def samples(curves, window, width):
    """The grid, and for each place [(state, value, lowest, highest)] of the members."""
    first, last = min(c[0][0] for c in curves), max(c[-1][0] for c in curves)
    low, high = (first if window[0] is None else window[0]), (last if window[1] is None else window[1])
    steps = sorted({point[0] for c in curves for point in c if low <= point[0] <= high})
    places = []
    if len(steps) <= width:
        for x in steps:
            place = []
            for c in curves:
                own = [point for point in c if point[0] == x]
                if own:
                    _, value, lowest, highest = own[0]
                    place.append(("nan" if math.isnan(value) else "own", value, lowest, highest))
                else:
                    state, value = between(c, x)
                    place.append((state, value, value, value))
            places.append((x, place))
        return {"grid": "steps"}, places
    columns = [[[] for _ in range(width)] for _ in curves]
    for c, own in zip(curves, columns):
        for point in c:
            if low <= point[0] <= high:
                own[min(int((point[0] - low) / (high - low) * width), width - 1)].append(point)
    for at in range(width):
        share = (at + 0.5) / width
        x = low * (1 - share) + high * share
        place = []
        for c, own in zip(curves, columns):
            finite = [point for point in own[at] if not math.isnan(point[1])]
            if finite:
                mean = np.mean([point[1] for point in finite])
                place.append(("own", mean, min(p[2] for p in finite), max(p[3] for p in finite)))
            elif own[at]:
                place.append(("nan", NAN, NAN, NAN))
            else:
                state, value = between(c, x)
                place.append((state, value, value, value))
        places.append((x, place))
    return {"grid": "columns", "from": low, "to": high, "count": width}, places


def line_and_band(line, band, values, lowest, highest):
    n, mean = len(values), np.mean(values)
    if line == "mean":
        middle = mean
    elif line == "median":
        middle = np.median(values)
    elif line == "geomean":
        if min(values) <= 0:
            return NAN, NAN, NAN
        middle = stats.gmean(values)
    else:
        return {"min": lowest, "max": highest}[line], NAN, NAN
    if n == 1 or band == "none":
        return middle, NAN, NAN
    if band == "minmax":
        return middle, lowest, highest
    if band == "iqr":
        return middle, *np.quantile(values, [0.25, 0.75])
    if line == "geomean":
        logs = np.log(values)
        half = stats.t.ppf(0.975, n - 1) * stats.sem(logs)
        return middle, np.exp(np.mean(logs) - half), np.exp(np.mean(logs) + half)
    half = {"std": np.std(values, ddof=1), "stderr": stats.sem(values), "t95": stats.t.ppf(0.975, n - 1) * stats.sem(values)}[band]
    return middle, middle - half, middle + half


def expected(members, window, width, line, band, align):
    curves = [c for c in map(curve, members) if c]
    grid, places = samples(curves, window, width)
    rows = []
    for x, place in places:
        count = {state: sum(one[0] == state for one in place) for state in ("nan", "ended", "interpolated")}
        have = [one for one in place if one[0] in ("own", "interpolated")]
        drawn = have and (align == "all" or len(have) == len(curves))
        numbers = (NAN, NAN, NAN)
        if drawn:
            numbers = line_and_band(line, band, [one[1] for one in have], min(one[2] for one in have), max(one[3] for one in have))
        rows.append((x, *map(float, numbers), len(have), count["nan"], count["ended"], count["interpolated"]))

    def is_seen(row):
        return not math.isnan(row[1]) if align == "common" else row[4] + row[5] > 0

    seen = [at for at, row in enumerate(rows) if is_seen(row)]
    rows = rows[seen[0] : seen[-1] + 1] if seen else []
    fields = ["x", "line", "low", "high", "n", "nan", "ended", "interpolated"]
    return grid | {field: [text(row[at]) for row in rows] for at, field in enumerate(fields)}


def text(number):
    """JSON has no NaN and no infinities."""
    if isinstance(number, float) and not math.isfinite(number):
        return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
    return number


def noisy(steps, level=2.0, scale=0.1):
    return [(float(step), round(level * math.exp(-float(step) / 40) + scale * float(rng.normal()), 6)) for step in steps]


def cases():
    equal = [noisy(range(0, 40, 4)) for _ in range(5)]
    yield "equal grids", equal, {}
    yield "equal grids, common", [equal[0], equal[1][2:8], equal[2]], {"align": "common"}
    unequal = [noisy(range(0, 60, 7)), noisy(range(3, 50, 5)), noisy([0.5, 1.25, 30.0, 59.5])]
    yield "unequal grids", unequal, {}
    yield "unequal grids in columns", unequal, {"width": 6}
    yield "unequal grids in a window", unequal, {"from": 10.0, "to": 33.0}
    yield "unequal grids in columns of a window", unequal, {"from": 10.0, "to": 33.5, "width": 4}
    yield "a window between points", unequal, {"from": 31.0, "to": 31.5}
    yield "disjoint grids", [noisy(range(0, 10)), noisy(range(20, 30)), noisy(range(22, 40, 3))], {}
    yield "disjoint grids in columns", [noisy(range(0, 10)), noisy(range(20, 30)), noisy(range(22, 40, 3))], {"width": 8}
    yield "one point", [[(7.0, 0.5)]], {}
    yield "one point of each", [[(7.0, 0.5)], [(7.0, 0.75)], [(9.0, 0.25)]], {}
    yield "one point among curves", [[(7.0, 0.5)], noisy(range(0, 20, 3)), noisy(range(0, 20, 2))], {}
    once = noisy(range(0, 20)) + noisy(range(12, 30), 1.0)
    twice = noisy(range(0, 20)) + noisy(range(12, 30), 1.0) + noisy(range(8, 16), 0.5)
    start = noisy(range(0, 20)) + noisy(range(0, 9), 0.7)
    yield "restarts", [once, twice, start], {}
    yield "restarts in columns", [once, twice, start], {"width": 7}
    yield "restarts to a step between", [[(0.0, 1.0), (10.0, 2.0), (20.0, 3.0), (5.0, 4.0), (12.0, 5.0)], noisy(range(0, 20, 5))], {}
    steps = [(0.0, 1.0), (1.0, 2.0), (1.0, 4.0), (1.0, NAN), (2.0, INF), (2.0, NAN), (3.0, 1.0), (3.0, 2.0), (3.0, 6.0)]
    yield "equal steps", [steps, noisy(range(0, 4)), [(0.0, 3.0), (0.0, 5.0), (3.0, 1.0)]], {}
    yield "equal steps in columns", [steps, noisy(range(0, 4)), [(0.0, 3.0), (0.0, 5.0), (3.0, 1.0)]], {"width": 3}
    gaps = [
        [(0.0, NAN), (1.0, 1.0), (2.0, INF), (3.0, 2.0), (6.0, 3.0), (9.0, -INF)],
        [(0.0, 1.0), (2.5, NAN), (5.0, 2.0), (9.0, 4.0)],
        noisy(range(0, 12)),
        [(4.0, NAN)],
    ]
    yield "gaps", gaps, {}
    yield "gaps in columns", gaps, {"width": 5}
    yield "gaps only", [[(0.0, NAN), (1.0, INF)], [(0.0, -INF), (2.0, NAN)]], {}
    yield "two members", [noisy(range(0, 12, 2)), noisy(range(1, 12, 2))], {}
    yield "thirty members", [noisy(range(int(rng.integers(3)), 24, 3)) for _ in range(30)], {}
    yield "thirty members in columns", [noisy(range(int(rng.integers(3)), 24)) for _ in range(30)], {"width": 6}
    thousand = [[(float(step), round(1 + 0.1 * float(rng.normal()), 4)) for step in (0, 1, 3)] for _ in range(1000)]
    yield "a thousand members", thousand, {}
    yield "no variance", [[(0.0, 0.1), (1.0, 0.7)] for _ in range(6)], {}
    wide = [[(0.0, float(v)), (1.0, float(w))] for v, w in zip(rng.normal(0, 1, 8), rng.normal(0, 1e6, 8))]
    yield "variances 1 and 1e12", wide, {}
    yield "variances that differ between members", [noisy(range(0, 8), 1, 1e-3), noisy(range(0, 8), 1, 1e3), noisy(range(0, 8), 1, 1)], {}
    yield "1e9 and small", [[(float(s), 1e9 + float(v)) for s, v in enumerate(rng.normal(0, 1e-3, 6))] for _ in range(7)], {}
    signs = [[(0.0, 1.0), (1.0, 0.0), (2.0, -1.0), (3.0, 2.0)], [(0.0, 2.0), (1.0, 3.0), (2.0, 4.0), (3.0, 8.0)]]
    yield "values that have no logarithm", signs, {}
    yield "negative and broken steps", [noisy([-5.5, -3.25, -1e-3, 0.0, 2.5]), noisy([-4.0, 0.5, 2.5])], {}
    yield "one member in columns", [noisy(range(0, 50))], {"width": 9}


def main():
    written = []
    for name, members, settings in cases():
        settings = {"width": 800, "from": None, "to": None, "align": "all"} | settings
        window = (settings["from"], settings["to"])
        answers = []
        for line, band in PAIRS:
            answer = expected(members, window, settings["width"], line, band, settings["align"])
            if answers:
                # The places and counts are those of the first answer.
                answer = {field: answer[field] for field in ("line", "low", "high")}
            answers.append({"line_name": line, "band": band} | answer)
        lists = [[[text(x) for x in axis] for axis in zip(*member)] for member in members]
        written.append({"name": name, "members": lists, "settings": settings, "answers": answers})
    json.dump(written, sys.stdout, separators=(",", ":"))


main()
