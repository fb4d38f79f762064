"""Onset finders: for each pattern, where it is in a curve and the numbers that show it.

A finder does not judge whether the pattern is present; it finds the best place for it.
"""

from curvedx.diagnosis.onsets.registry import FINDERS, sight

__all__ = ["FINDERS", "sight"]
