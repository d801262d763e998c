"""Small tables as files: what the tests train on."""

import csv

import numpy as np


def write_csv(path, columns):
    """Write {column: values} as CSV; returns the path."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


def houses(count=120, seed=0):
    """Prices that follow from area and quarter, with an id, a constant and missing values."""
    rng = np.random.default_rng(seed)
    area = rng.integers(40, 200, count)
    quarter = rng.choice(["north", "south", "west"], count)
    factor = np.select([quarter == "north", quarter == "south"], [1.0, 1.5], 2.0)
    noise = rng.lognormal(0, 0.05, count)
    pool = [str(size) if size else "NA" for size in rng.integers(0, 4, count)]
    return {
        "Id": list(range(1, count + 1)),
        "area": area.tolist(),
        "quarter": quarter.tolist(),
        "pool": pool,
        "country": ["here"] * count,
        "price": (1000 * area * factor * noise).round(2).tolist(),
    }


def flowers(count=90, seed=0):
    """Three kinds that petal and sepal tell apart."""
    rng = np.random.default_rng(seed)
    kinds = rng.integers(3, size=count)
    return {
        "petal": (kinds + rng.normal(0, 0.2, count)).round(4).tolist(),
        "sepal": (kinds**2 + rng.normal(0, 0.4, count)).round(4).tolist(),
        "kind": [("rose", "lily", "iris")[kind] for kind in kinds],
    }
