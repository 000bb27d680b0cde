"""The numbers of a store's predictions: arrays in, small frozen results out; nothing here draws.

Only `training` needs the trainer, and only the command (`run`) needs `training`.

    predictions    a store and what its logits predict
    metrics        probabilities, accuracy, confusion matrix
    roc_curves     ROC curves, and scores sorted once for those of any selection
    intervals      a number with its 95 % interval: Wilson, Student, AUC, median, percentiles
    class_table    recall and precision of each class
    class_detail   a class against all others: area with its interval, what it is confused with
    confusions     ranked pairs of classes, and orders of the confusion matrix
    steps          the steps of a selection: their form, and what they select
    columns        a number for each location, by which pages colour, filter and sort
    census         states of the United States: divisions, areas, neighbours, postal codes
    subsets        accuracy and kilometres of a part of the locations, by ranges of a value
    geography      kilometres, GeoGuessr score, recall against area
    mistakes       where wrong predictions go, and classes predicted too often or too seldom
    split          how much of the accuracy is associated with locations near those of the training
    calibration    calibration error, reliability, temperature
    bootstrap      the macro AUC of many resamples at once
    comparison     two models on the same locations
    people         people and a model on the same locations
    evaluate       all of these for some rows of a store: `Evaluation`
    report         an `Evaluation` as JSON and as text
    training       reads training locations and what photographs are like
    run            the work of the command `resnetbolt evaluate`
"""
