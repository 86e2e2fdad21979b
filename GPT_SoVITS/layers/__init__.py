"""Building blocks that the networks share: linear, convolution, normalisation, attention, loading of weights."""
