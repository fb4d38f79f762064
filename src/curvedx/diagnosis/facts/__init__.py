"""Facts of a run and of what surrounds an onset: named numbers that the catalogue's rules are held against."""
