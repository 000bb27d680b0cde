"""The quiz: people name the states of a store's locations, and are compared with its model.

- `rounds`: which locations a player sees
- `cues`: what they can name, and where it is in painted photographs
- `answers`: what players said, in a SQLite file, and as CSV
- `server`: the pages and their routes
- `report`: people against the model, from all answers
- `__main__`: the command `resnetbolt quiz`

The numbers are those of `workbench.evaluation.people`.
"""
