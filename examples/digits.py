"""Trains a small network on scikit-learn's handwritten digits and shows it live on an Agnez board.

    pip install scikit-learn
    python examples/digits.py --url http://localhost:3000 --board digits-example --epochs 30

Sending needs the standard library only. Each run empties its cells of the board and fills them
again; the board is one of its own, so that no other curves are lost.
"""

import argparse
import json
import os
import sys
import time
import urllib.error
import urllib.request

try:
    import numpy as np
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
except ImportError as error:
    sys.exit(f"{error.name} is missing: pip install scikit-learn")

SIZES = (64, 48, 32, 10)
BATCH = 32


class Board:
    """The few calls of the REST interface that this example needs."""

    def __init__(self, url, name):
        self.url, self.name = url.rstrip("/"), name

    def call(self, method, path, body):
        # json.dumps writes NaN and Infinity as they are; the points of Agnez take them.
        data = json.dumps(body).encode()
        request = urllib.request.Request(
            self.url + path, data, {"Content-Type": "application/json"}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors="replace")
            try:
                message = json.loads(text)["message"]
            except (ValueError, KeyError, TypeError):
                message = text[:500]
            error.msg = f"{method} {self.url}{path} was refused: {message}"
            raise

    def begin(self, cell, kind, name, pos, **more):
        """The cell with this name: emptied when an earlier run left it, else made."""
        key = f"{self.name.replace('.', '-')}-{cell}"
        document = {
            "board": self.name,
            "type": kind,
            "name": name,
            "pos": pos,
            "value": [],
            "description": "",
        }
        try:
            self.call("PATCH", f"/values/{key}", document)
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise
            # A chart's settings are given once: after that they are the reader's.
            self.call("POST", "/values", {"_id": key, **document, **more})
        return key

    def points(self, cells):
        """`{cell: {series: [[step, value], ...]}}`, as a whole."""
        self.call("POST", "/points", {"cells": cells})

    def show(self, cell, value, **more):
        self.call("PATCH", f"/values/{cell}", {"value": value, **more})


class Network:
    """A multilayer perceptron: ReLU, softmax, cross-entropy, momentum and weight decay."""

    def __init__(self, random):
        pairs = list(zip(SIZES[:-1], SIZES[1:]))
        self.weights = [
            random.normal(0, np.sqrt(2 / fan_in), (fan_in, fan_out)) for fan_in, fan_out in pairs
        ]
        self.biases = [np.zeros(fan_out) for _, fan_out in pairs]
        self.speeds = [np.zeros_like(each) for each in self.weights + self.biases]

    def forward(self, x):
        layers = [x]
        for weight, bias in zip(self.weights[:-1], self.biases[:-1]):
            layers.append(np.maximum(layers[-1] @ weight + bias, 0))
        scores = layers[-1] @ self.weights[-1] + self.biases[-1]
        scores -= scores.max(axis=1, keepdims=True)
        return layers, scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))

    def loss(self, x, y):
        """The mean cross-entropy, and the predicted digits."""
        logs = self.forward(x)[1]
        return float(-logs[np.arange(len(y)), y].mean()), logs.argmax(axis=1)

    def step(self, x, y, rate):
        """One step of gradient descent; gives the batch's loss and the gradient's norm."""
        layers, logs = self.forward(x)
        slope = np.exp(logs)
        slope[np.arange(len(y)), y] -= 1
        slope /= len(y)
        weights, biases = [], []
        for at in range(len(self.weights) - 1, -1, -1):
            weights.insert(0, layers[at].T @ slope + 1e-4 * self.weights[at])
            biases.insert(0, slope.sum(axis=0))
            slope = (slope @ self.weights[at].T) * (layers[at] > 0)
        for each, speed, gradient in zip(self.weights + self.biases, self.speeds, weights + biases):
            speed *= 0.9
            speed -= rate * gradient
            each += speed
        norm = np.sqrt(sum(float((gradient**2).sum()) for gradient in weights + biases))
        return float(-logs[np.arange(len(y)), y].mean()), norm


def rate_at(step, steps, highest=0.08):
    """A linear warm-up over the first twentieth, then half a cosine down to 0.

    Loshchilov, Hutter: SGDR: Stochastic Gradient Descent with Warm Restarts, ICLR 2017.
    """
    warm = max(1, steps // 20)
    if step < warm:
        return highest * (step + 1) / warm
    return float(highest * 0.5 * (1 + np.cos(np.pi * (step - warm) / max(1, steps - warm))))


def confusion(truth, guess):
    table = np.zeros((10, 10), dtype=int)
    np.add.at(table, (truth, guess), 1)
    return table.tolist()


def progress(epoch, epochs, text):
    """One line that is rewritten on a terminal; in a file, one line an epoch."""
    if sys.stdout.isatty():
        bar = "#" * (24 * epoch // epochs)
        print(
            f"\r[{bar:24}] epoch {epoch}/{epochs}  {text}",
            end="" if epoch < epochs else "\n",
            flush=True,
        )
    else:
        print(f"epoch {epoch:3}  {text}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default=os.environ.get("AGNEZ_URL", "http://localhost:3000"))
    parser.add_argument("--board", default="digits-example")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument(
        "--delay", type=float, default=0.0, help="seconds to wait after each batch of 32"
    )
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    images, digits = load_digits(return_X_y=True)
    images = images / 16
    x, x_val, y, y_val = train_test_split(
        images, digits, test_size=0.25, random_state=options.seed, stratify=digits
    )
    random = np.random.default_rng(options.seed)
    network = Network(random)
    batches = -(-len(x) // BATCH)
    steps = options.epochs * batches

    board = Board(options.url, options.board)
    page = board.url + ("/" if board.name == "main" else f"/b/{board.name}")
    loss = board.begin("loss", "line", "Loss", 0, chart={"y": "log", "smooth": 0.8})
    accuracy = board.begin("accuracy", "line", "Accuracy", 1, chart={"unit": "%"})
    best_cell = board.begin("best", "number", "Best validation accuracy", 2)
    matrix = board.begin("confusion", "heatmap", "Confusion on the validation set", 3)
    norms = board.begin("norms", "line", "Norms of the weights", 4)
    rate_cell = board.begin("rate", "line", "Learning rate", 5)
    gradient = board.begin(
        "gradient", "line", "Norm of the gradient", 6, chart={"y": "log", "smooth": 0.9}
    )
    spread = board.begin("weights", "histogram", "Weights of the first layer, by epoch", 7)
    note = board.begin("note", "text", "About this run", 8)
    about = (
        f"A **{'-'.join(map(str, SIZES))}** network learns {len(x)} of scikit-learn's 8x8 digits; "
        f"{len(x_val)} are held back.\n\n"
        f"Batches of {BATCH}, {options.epochs} epochs, momentum 0.9, warm-up and half a cosine, "
        f"seed {options.seed}."
    )
    board.show(note, about)
    print(f"{options.epochs} epochs of {batches} batches, live at {page}")

    edges = np.linspace(-1, 1, 41)
    past, history, best, previous, step = [], [], 0.0, None, 0
    begun = time.monotonic()
    for epoch in range(1, options.epochs + 1):
        order = random.permutation(len(x))
        waiting = {loss: {"train": []}, rate_cell: {"rate": []}, gradient: {"all layers": []}}
        for start in range(0, len(x), BATCH):
            chosen = order[start : start + BATCH]
            rate = rate_at(step, steps)
            value, norm = network.step(x[chosen], y[chosen], rate)
            waiting[loss]["train"].append([step, value])
            waiting[rate_cell]["rate"].append([step, rate])
            waiting[gradient]["all layers"].append([step, norm])
            step += 1
            # With a delay every batch is seen at once; without one the epoch goes out as a whole.
            if options.delay > 0:
                board.points(waiting)
                waiting = {
                    cell: {series: [] for series in all_series}
                    for cell, all_series in waiting.items()
                }
                time.sleep(options.delay)

        train_accuracy = 100 * float((network.loss(x, y)[1] == y).mean())
        val_loss, guess = network.loss(x_val, y_val)
        val_accuracy = 100 * float((guess == y_val).mean())
        waiting[loss]["val"] = [[step - 1, val_loss]]
        waiting[accuracy] = {
            "train": [[step - 1, train_accuracy]],
            "val": [[step - 1, val_accuracy]],
        }
        waiting[norms] = {
            f"layer {at}": [[step - 1, float(np.linalg.norm(w))]]
            for at, w in enumerate(network.weights, 1)
        }
        board.points(
            {
                cell: {name: points for name, points in all_series.items() if points}
                for cell, all_series in waiting.items()
            }
        )

        if val_accuracy > best:
            best, previous = val_accuracy, best or None
        history.append(val_accuracy)
        number = {"value": round(best, 2), "unit": "%", "better": "up", "trend": history}
        if previous is not None:
            number["previous"] = round(previous, 2)
        board.show(best_cell, number, description=f"epoch {epoch} of {options.epochs}")
        names = [str(digit) for digit in range(10)]
        heat = {
            "values": confusion(y_val, guess),
            "rows": names,
            "columns": names,
            "row_label": "digit",
            "column_label": "taken for",
        }
        board.show(
            matrix,
            heat,
            description=f"{int((guess != y_val).sum())} of {len(y_val)} wrong after epoch {epoch}",
        )
        counts = np.histogram(np.clip(network.weights[0], -1, 1), edges)[0].tolist()
        past.append(counts)
        board.show(
            spread, {"steps": list(range(1, epoch + 1)), "edges": edges.tolist(), "counts": past}
        )
        progress(epoch, options.epochs, f"loss {val_loss:.4f}  accuracy {val_accuracy:.2f} %")

    board.show(
        note,
        f"{about}\n\nDone in {time.monotonic() - begun:.1f} s: "
        f"**{best:.2f} %** of the digits held back are read right.",
    )
    print(
        f"{best:.2f} % of the digits held back were read right at best; all of it stays at {page}"
    )


if __name__ == "__main__":
    try:
        main()
    except urllib.error.HTTPError as error:
        sys.exit(f"\n{error.msg}")
    except OSError as error:
        sys.exit(
            f"\nNo Agnez answers: {getattr(error, 'reason', error)}. "
            "Start it with 'make run', or name its address with --url."
        )
    except KeyboardInterrupt:
        sys.exit("\nStopped; what was sent stays on the board.")
