"""Explanations held against a known truth: the masks of the painted states (docs/truth.md).

- `masks` files to arrays, `measures` how far a map agrees with them,
- `study` explains a sample of a store and measures every map, `noise` gives it a control,
- `report` and `figure` the results for a person, a program and a paper.
"""
