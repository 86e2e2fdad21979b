"""From weights, a reference clip and text to audio: bundles of weights, references, plans, speech and streams."""
