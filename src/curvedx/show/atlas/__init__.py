"""The atlas: one self-contained page on which every pattern of the catalogue is drawn, moved and explained."""

from curvedx.show.atlas.page import write_atlas

__all__ = ["write_atlas"]
