"""A small run with Python's standard library. The package `agnez` is simpler: docs/python.md."""

import json
import math
import os
import urllib.request

URL = os.environ.get("AGNEZ_URL", "http://localhost:3000")


def send(method, path, body):
    # json.dumps writes NaN and Infinity as they are; the points of Agnez take them.
    request = urllib.request.Request(
        URL + path, json.dumps(body).encode(), {"Content-Type": "application/json"}, method=method
    )
    with urllib.request.urlopen(request, timeout=10) as reply:  # raises for anything but 2xx
        return json.load(reply)


# With upsert the cell is made when it is not there; an empty value restarts the line.
chart = {"board": "python", "type": "line", "name": "Loss", "value": []}
send("PATCH", "/values/python-loss?upsert=true", chart)
for step in range(50):
    train = math.exp(-step / 12)
    val = train + step / 500
    send("POST", "/values/python-loss/points", {"train": [[step, train]], "val": [[step, val]]})
note = {
    "board": "python",
    "type": "text",
    "name": "About this run",
    "value": f"50 steps, train loss **{train:.4f}**",
}
send("PATCH", "/values/python-note?upsert=true", note)
