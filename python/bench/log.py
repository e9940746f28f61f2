"""Microseconds of a `log` call, which ends with the record in the spool: p50, p99 and p99.9.

    python python/bench/log.py [--url URL] [--calls 100000] [--runs 5] [--pace MICROSECONDS]

For a board and for a run. Calls cost the same without a server at the address; they are only not
sent. The figures are medians of the runs. With --pace the loop works for that time between two
calls, as training does.
"""

import argparse
import logging
import statistics
import tempfile
import time

import agnez


def once(log, metrics, calls, pace_us):
    taken = []
    clock = time.perf_counter_ns
    for step in range(calls):
        if pace_us:
            until = clock() + pace_us * 1000
            while clock() < until:
                pass
        before = clock()
        log(metrics, step=step)
        taken.append(clock() - before)
    taken.sort()
    return [taken[int(share * calls)] / 1000 for share in (0.5, 0.99, 0.999)]


def measure(label, target, options):
    for count in (1, 10):
        metrics = {f"metric{at}": 0.1 * at for at in range(count)}
        runs = []
        for _ in range(options.runs):
            once(target.log, metrics, 100, options.pace)
            runs.append(once(target.log, metrics, options.calls, options.pace))
            is_sent = target.flush(60)
        p50, p99, p999 = (statistics.median(column) for column in zip(*runs))
        print(
            f"{label}, {count:2} metrics a call: p50 {p50:6.2f} us  p99 {p99:6.2f} us  "
            f"p99.9 {p999:7.1f} us  {'sent' if is_sent else 'not sent'}"
        )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", default="http://localhost:3000")
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--pace", type=int, default=0)
    options = parser.parse_args()
    logging.getLogger("agnez").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as spool:
        board = agnez.Board("bench", url=options.url, spool=spool)
        measure("board", board, options)
        board.close()
        with agnez.init(project="bench", url=options.url, spool=spool) as run:
            measure("run", run, options)


if __name__ == "__main__":
    main()
