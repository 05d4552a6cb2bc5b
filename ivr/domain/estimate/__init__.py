"""Wait estimates worth speaking: a mean and three quantiles that are held against what came.

`estimator` ties the parts together; each of the other modules is one idea of it. Everything is pure: moments are
given in epoch seconds, and chance comes from a generator that the caller seeds.
"""
