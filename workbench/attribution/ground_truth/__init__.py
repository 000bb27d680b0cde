"""Attributions compared with the painted states' masks (docs/background/ground-truth.md).

- `masks` reads mask files, `metrics` compares a map with a mask,
- `study` explains a sample of a store with several methods and evaluates all maps,
- `report` and `plot` show the results as tables and as a figure.
"""
