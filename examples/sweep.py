"""Trains 12 small networks on scikit-learn's digits, for a comparison on an Agnez board.

    pip install scikit-learn agnez
    python examples/sweep.py

Two learning rates, two batch sizes and three seeds: a run for each combination. With small batches
the higher rate is too high: whether the training survives its first steps depends on the seed. All
numbers are those of the training; it ends where the loss is not finite.
"""

import argparse
import itertools
import math
import sys
import warnings

try:
    import numpy as np
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
    from sklearn.neural_network import MLPRegressor
    from threadpoolctl import threadpool_limits

    import agnez
except ImportError as error:
    package = {"sklearn": "scikit-learn"}.get(error.name, error.name)
    sys.exit(f"{error.name} is missing: pip install {package}")

RATES = (0.1, 0.4)
BATCHES = (16, 64)
SEEDS = (0, 1, 2)
HIDDEN = (64, 64)
#: Updates from one log of the metrics to the next.
LOG_EVERY = 10
#: Of what a run can capture, all but the load of the machine and its name.
CAPTURE = ("command", "git", "packages")


def load():
    """Images and digits of the training, then those of the validation, the same in all runs."""
    images, digits = load_digits(return_X_y=True)
    images = images.astype(np.float32) / 16
    x, x_val, y, y_val = train_test_split(
        images, digits, test_size=0.25, random_state=0, stratify=digits
    )
    return x, y, x_val, y_val


def one_hot(digits):
    return np.eye(10, dtype=np.float32)[digits]


def evaluate(model, x, digits):
    """The mean squared error, and the accuracy; both are NaN if an output is not finite."""
    outputs = model.predict(x)
    if not np.isfinite(outputs).all():
        return math.nan, math.nan
    loss = ((outputs - one_hot(digits)) ** 2).mean(dtype=float)
    return float(loss), float((outputs.argmax(axis=1) == digits).mean())


def batches(count, size, random):
    """Endless batches of indices; each epoch has an order of its own."""
    while True:
        order = random.permutation(count)
        for start in range(0, count - size + 1, size):
            yield order[start : start + size]


def update(model, x, digits):
    """A step of gradient descent on a batch."""
    try:
        model.partial_fit(x, one_hot(digits))
    except ValueError:  # scikit-learn refuses weights that are not finite.
        if all(np.isfinite(each).all() for each in model.coefs_ + model.intercepts_):
            raise


def train(run, steps, data):
    """Trains for ``steps`` updates, or fewer where it diverges. Returns how it ended."""
    x, digits, x_val, digits_val = data
    config = run.config
    model = MLPRegressor(
        hidden_layer_sizes=HIDDEN,
        solver="sgd",
        momentum=0,
        alpha=0,
        batch_size=config.batch,
        learning_rate_init=config.lr,
        random_state=config.seed,
    )
    chosen = batches(len(x), config.batch, np.random.default_rng(config.seed))
    val_accuracy = math.nan
    for step, batch in enumerate(itertools.islice(chosen, steps)):
        update(model, x[batch], digits[batch])
        if step % LOG_EVERY and step < steps - 1:
            continue
        train_loss, _ = evaluate(model, x[batch], digits[batch])
        val_loss, val_accuracy = evaluate(model, x_val, digits_val)
        run.log({"train/loss": train_loss, "val/loss": val_loss, "val/acc": val_accuracy}, step)
        if not math.isfinite(train_loss + val_loss):
            return f"diverged before step {step}"
    return f"val/acc {val_accuracy:.3f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", help="the server (default: AGNEZ_URL, or http://localhost:3000)")
    parser.add_argument("--project", default="digits-sweep", help="the board")
    parser.add_argument("--steps", type=int, default=600, help="updates of each run")
    options = parser.parse_args()
    # What overflows is what diverges.
    warnings.simplefilter("ignore", RuntimeWarning)
    data = load()
    # The matrices are small: more threads would only wait for each other.
    with threadpool_limits(1):
        for rate, batch, seed in itertools.product(RATES, BATCHES, SEEDS):
            name = f"lr {rate:g}, batch {batch}, seed {seed}"
            config = {"lr": rate, "batch": batch, "seed": seed, "model": "mlp", "hidden": HIDDEN}
            config.update({"optimizer": "sgd", "steps": options.steps})
            with agnez.init(
                project=options.project, url=options.url, name=name, config=config, capture=CAPTURE
            ) as run:
                result = train(run, options.steps, data)
            print(f"{name}: {result}", flush=True)


if __name__ == "__main__":
    main()
