"""Sizes of printed figures."""

SINGLE_COLUMN = 84.0
"""Width of a column on a page of two, millimetres."""
DOUBLE_COLUMN = 174.0
"""Width of a page of two columns, millimetres."""
SLIDE = 254.0
"""Width of a slide, millimetres (10 inches)."""
