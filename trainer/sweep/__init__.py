"""Hyper-parameter search and comparison of settings: many trainings, one table."""

RESUME_HINT = "run the same command again to resume"
