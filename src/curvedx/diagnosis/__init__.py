"""From a curve to a diagnosis: what is present, since when, why, and what to do."""
