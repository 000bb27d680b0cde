"""Stores in the formats of other programs, and projections of other programs in a store.

`docs/how-to/interchange.md` describes every column and file.

    frame      a store as a pandas table; a projection from such a table
    table      CSV and Parquet (embedding-atlas); projections from CSV, TSV and Parquet
    projector  the folder of TensorBoard's projector
    virelay    the project of ViRelAy; projections from its analyses
    pictures   the four views of a location as one picture
"""
