"""The store in the formats of other programs, and maps made by them back in the store.

`docs/interchange.md` says every column and file, and which program reads it how.

    frame      a store as a pandas table, a row for each location; a map from such a table
    table      CSV and Parquet (embedding-atlas), streamed; maps from CSV, TSV and Parquet
    projector  the folder that TensorBoard's projector opens
    virelay    the project that ViRelAy's server opens; maps from its analyses
    pictures   the four views of a location as one picture
    folder     folders that are whole or absent

The figures of a store, as PDF and SVG, are drawn by `workbench.export` instead.
"""

from workbench.interchange.frame import coordinates, to_frame

__all__ = ["coordinates", "to_frame"]
