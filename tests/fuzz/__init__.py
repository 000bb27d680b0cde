"""Inputs that Hypothesis invents, by kind: `make fuzz`.

None may end in a traceback or a hang, and what is read must be what the file says, or else a
sentence says why not. An input that found something becomes an ordinary test in the room it
belongs to.
"""
