"""The distances between two locations."""

from typing import Literal, get_args

Metric = Literal["euclidean", "cosine"]
METRICS = get_args(Metric)
