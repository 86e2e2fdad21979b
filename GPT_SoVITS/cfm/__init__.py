"""Mel spectrograms by conditional flow matching, as v3 and v4 make them: estimator, sampler, condition, chunks."""
