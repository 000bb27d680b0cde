"""Read every photograph once: unusable files, duplicates, and channel statistics."""
