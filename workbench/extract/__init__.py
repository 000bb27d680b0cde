"""`python -m workbench.extract RUN --data DIR --out FILE.h5`: from photographs to a store.

__main__    the command, and the summary that it prints
request     the options of an extraction
selection   which locations of a folder are extracted
task        what follows from a request: model, batches, provenance
pipeline    decode, compute and buffer the batches, in one process or several
assembly    the store of a complete buffer
extraction  all of these in order, resuming an earlier start
"""
