"""Sizes of printed figures."""

DOUBLE_COLUMN = 174.0
"""Width of a page of two columns, millimetres."""
