"""Read every photograph once: unusable files, duplicates, and channel statistics."""

from trainer.data.prepare.photograph_index import PreparedData, index_file, prepare

__all__ = ["PreparedData", "index_file", "prepare"]
