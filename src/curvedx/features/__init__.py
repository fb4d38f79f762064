"""From curves to a matrix of features: views that make curves comparable, and calculators that measure the views."""
