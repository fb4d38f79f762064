"""Small tools for the training loop and for a curve in hand: they need no diagnosis and no model of ours."""
