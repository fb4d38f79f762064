"""The generator: labelled curves drawn from the catalogue's ranges, seen through a logger."""
