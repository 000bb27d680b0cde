"""The painted states: a data set in the layout of 50States, made from a table of geography."""

from trainer.synthetic.write import paint

__all__ = ["paint"]
