"""Maps of a feature space: arrays in, arrays out."""
