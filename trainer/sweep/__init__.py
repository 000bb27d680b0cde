"""Hyper-parameter search: many trainings, one database, a table and a picture at the end."""
