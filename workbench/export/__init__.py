"""Everything that a paper prints about models, from their stores, by one command.

options        what to write, and how
link           the state of the dashboard that a copied link holds
models         a store with its selection, run folder, photographs and maps
catalogue      the figures and tables by kind, with what makes each (in `kinds`)
write          figures, tables and numbers into a folder, with a manifest
latex          figures.tex and the tables
contact_sheet  all figures and tables in one HTML file
"""
