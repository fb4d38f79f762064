"""The model: one calibrated head a pattern, the headline drawn from them, and the artefact that holds both as data."""
