"""Writes reference.json: what src/statistics must answer, computed another way.

Means and variances are exact fractions, quantiles are those of scipy and numpy.

    python tests/statistics/reference.py > tests/statistics/reference.json
"""

import json
import math
import sys
from fractions import Fraction

import numpy
from scipy import stats

CONFIDENCES = [0.95, 1 - 0.05 / 12]


def root(fraction):
    """The square root of a fraction, correct to the last bits whatever its size."""
    scale = 0
    while fraction and fraction < 1:
        fraction, scale = fraction * 4, scale + 1
    bits = 200
    return float(Fraction(math.isqrt(int(fraction * 4**bits)), 2**bits) / 2**scale)


def exact(numbers):
    """n, mean and variance (n - 1) as fractions."""
    numbers = [Fraction(number) for number in numbers]
    n = len(numbers)
    mean = sum(numbers) / n
    variance = sum((number - mean) ** 2 for number in numbers) / (n - 1) if n > 1 else None
    return n, mean, variance


def critical(confidence, df):
    return float(stats.t.ppf(0.5 + confidence / 2, df))


def sample(name, numbers):
    n, mean, variance = exact(numbers)
    widths = [critical(c, n - 1) * root(variance / n) if n > 1 else None for c in CONFIDENCES]
    shares = [0, 0.1, 0.25, 0.5, 0.75, 0.95, 1]
    return {
        "name": name,
        "numbers": numbers,
        "mean": float(mean),
        "std": root(variance) if n > 1 else None,
        "half_widths": widths,
        "quantiles": [[share, float(numpy.quantile(numbers, share))] for share in shares],
    }


def welch(one, other):
    (n1, m1, v1), (n2, m2, v2) = exact(one), exact(other)
    if n1 < 2 or n2 < 2 or v1 + v2 == 0:
        return None
    squared = v1 / n1 + v2 / n2
    df = squared**2 / ((v1 / n1) ** 2 / (n1 - 1) + (v2 / n2) ** 2 / (n2 - 1))
    answer = {
        "value": float(m1 - m2),
        "df": float(df),
        "half_widths": [critical(c, float(df)) * root(squared) for c in CONFIDENCES],
    }
    # scipy's own test agrees, as far as its sums are exact.
    test = stats.ttest_ind(one, other, equal_var=False)
    if max(map(abs, one + other)) < 1e6:
        interval = test.confidence_interval(0.95)
        assert math.isclose(test.df, answer["df"], rel_tol=1e-9), (test.df, answer)
        half_width = (interval.high - interval.low) / 2
        assert math.isclose(half_width, answer["half_widths"][0], rel_tol=1e-9), (interval, answer)
    return answer


def with_runs(one, other, n):
    """Half the width of Welch's interval with n numbers of the same spreads on each side."""
    (n1, _, v1), (n2, _, v2) = exact(one), exact(other)
    if n1 < 2 or n2 < 2 or v1 + v2 == 0:
        return None
    df = (v1 + v2) ** 2 / ((v1**2 + v2**2) / (n - 1))
    return critical(0.95, float(df)) * root((v1 + v2) / n)


def prediction(numbers, number):
    n, mean, variance = exact(numbers)
    if n < 2 or variance == 0:
        return None
    spread = root(variance * (1 + Fraction(1, n)))
    return {
        "value": float(mean - Fraction(number)),
        "half_widths": [critical(c, n - 1) * spread for c in CONFIDENCES],
    }


def paired(one, other):
    n, mean, variance = exact([Fraction(a) - Fraction(b) for a, b in zip(one, other)])
    if n < 2 or variance == 0:
        return None
    widths = [critical(c, n - 1) * root(variance / n) for c in CONFIDENCES]
    if max(map(abs, one + other)) < 1e6:
        interval = stats.ttest_rel(one, other).confidence_interval(0.95)
        assert math.isclose((interval.high - interval.low) / 2, widths[0], rel_tol=1e-9)
    return {"value": float(mean), "half_widths": widths}


def comparison(name, one, other):
    return {
        "name": name,
        "one": one,
        "other": other,
        "welch": welch(one, other),
        "with_9": with_runs(one, other, 9),
        "prediction": prediction(one, other[0]),
        "paired": paired(one, other) if len(one) == len(other) else None,
    }


def main():
    rng = numpy.random.default_rng(20)

    def normal(n, mean=0.0, std=1.0):
        return [float(f"{number:.6g}") for number in rng.normal(mean, std, n)]

    def shifted(n, around, step):
        """Near a large number, on the grid of doubles there."""
        return [around + float(at) * step for at in rng.integers(-50, 50, n)]

    large = normal(1000, 0.9, 0.02)
    samples = [
        sample("one", [0.25]),
        sample("two", [0.1, 0.3]),
        sample("three", [0.312, 0.298, 0.326]),
        sample("thirty", normal(30, 5.0, 0.1)),
        sample("thousand", large),
        sample("no spread", [0.1, 0.1, 0.1]),
        sample("billion", shifted(30, 1e9, 2.0**-10)),
        sample("trillion", shifted(7, 1e12, 2.0**-12)),
        sample("both signs", [-1e8, 1e8, 1.0, -1.0, 3.0]),
        sample("tiny", [1e-200, 3e-200, 2.5e-200, 9e-200]),
        sample("huge", [1e200, 3e200, 2.5e200, -9e200]),
        sample("one outlier", [1e-9, 2e-9, 3e-9, 1e6]),
    ]
    comparisons = [
        comparison("3 vs 3", [0.912, 0.921, 0.917], [0.903, 0.899, 0.908]),
        comparison("2 vs 2", [1.0, 2.0], [1.5, 3.5]),
        comparison("5 vs 3", normal(5, 0.9, 0.01), normal(3, 0.88, 0.03)),
        comparison("30 vs 1000", normal(30, 0.9, 0.05), large[:200]),
        comparison("variances 1 to a million", normal(12, 0.0, 1e-3), normal(5, 0.01, 1.0)),
        comparison("variances a million to 1", normal(3, 2.0, 1.0), normal(40, 2.0, 1e-3)),
        comparison("no spread in one", [0.5, 0.5, 0.5], [0.4, 0.41, 0.43]),
        comparison("no spread in the other", [0.4, 0.41, 0.43], [0.5, 0.5, 0.5]),
        comparison("no spread", [0.5, 0.5, 0.5], [0.25, 0.25, 0.25]),
        comparison("one run", [0.5, 0.7, 0.6], [0.65]),
        comparison("one run each", [0.5], [0.7]),
        comparison("billion", shifted(9, 1e9, 2.0**-8), shifted(9, 1e9 + 0.125, 2.0**-8)),
        comparison("huge", [1e200, 2e200, 4e200], [1e199, 3e199, -2e199]),
    ]
    dfs = [0.1, 0.5, 1, 1.5, 2, 2.345678, 3, 4, 5.5, 10, 29, 57.3, 100, 999, 1e4, 123456.789, 1e6, 1e9]
    probabilities = [0.5, 0.6, 0.75, 0.9, 0.95, 0.975, 0.99, 0.995, 0.9995, 1 - 0.05 / 24, 1 - 0.05 / 2000, 0.025, 0.001]
    quantiles = [[p, df, float(stats.t.ppf(p, df))] for df in dfs for p in probabilities]
    answer = {"confidences": CONFIDENCES, "samples": samples, "comparisons": comparisons, "t_quantiles": quantiles}
    json.dump(answer, sys.stdout, separators=(",", ":"), allow_nan=False)
    print()


main()
