"""The painted states: a synthetic data set in the 50States layout, from a table of geography."""

from trainer.synthetic.write import paint

__all__ = ["paint"]
