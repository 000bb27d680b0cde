"""What makes the figures and tables of a kind, by what they are about.

A function `KIND_items` yields those of a kind; `workbench.export.catalogue` lists all.

context         the options of an export and its models
classification  accuracies, curves, matrices, classes, calibration
geography       distances, the state map, the honest split, covariates
locations       views and predictions of single locations
attributions    maps over the views, shares of the views, painted ground truth
projections     projections of the features
people          people against the model
training        hyper-parameters, pipeline, training curves
"""
