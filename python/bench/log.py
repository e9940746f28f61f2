"""What a call of `log` costs the training loop, with the record in the spool at return: p50, p99 and p99.9 in microseconds.

    python python/bench/log.py [--url http://localhost:3000] [--calls 100000] [--runs 5] [--pace MICROSECONDS]

Without a server at the address the calls cost the same; they are only not sent. The figures are the medians of the runs. With --pace the loop
works so long between two calls, as training does; without it the calls come one upon the other.
"""

import argparse
import logging
import statistics
import tempfile
import time

import agnez


def once(board, metrics, calls, pace_us):
    taken = []
    clock, log = time.perf_counter_ns, board.log
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


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", default="http://localhost:3000")
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--pace", type=int, default=0)
    asked = parser.parse_args()
    logging.getLogger("agnez").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as spool:
        board = agnez.Board("bench", url=asked.url, spool=spool)
        for count in (1, 10):
            metrics = {f"metric{at}": 0.1 * at for at in range(count)}
            runs = []
            for _ in range(asked.runs):
                once(board, metrics, 100, asked.pace)
                runs.append(once(board, metrics, asked.calls, asked.pace))
                is_sent = board.flush(60)
            p50, p99, p999 = (statistics.median(column) for column in zip(*runs))
            print(
                f"{count:2} metrics a call: p50 {p50:6.2f} us  p99 {p99:6.2f} us  p99.9 {p999:7.1f} us  {'sent' if is_sent else 'not sent'}"
            )
        board.close()


if __name__ == "__main__":
    main()
