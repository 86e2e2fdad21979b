"""The Gradio page and its client API: everything goes to the service over HTTP, nothing is computed or kept here."""

FIGURES = {"GRADIO_ANALYTICS_CACHE_FREQUENCY": "1000000000", "GRADIO_ANALYTICS_MAX_EVENTS": "100"}
"""Environment in which Gradio does not reckon figures of its last 10000 calls anew after each; nobody sees them."""
