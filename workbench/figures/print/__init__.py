"""Figures for print, by Matplotlib, of the same numbers that the screen shows: a file each kind.

style         width, text size and formats of a figure
pgf           figures as PGF pictures, without LaTeX
base          what a printed figure or table consists of
tables        accuracy, classes, hyper-parameters

and a module for each kind of figure: roc, confusion, projection, training, pipeline, locations,
people, attribution, view_shares, reliability, geography, bins, state_map.
"""
