"""The pieces of a synthesis, each by itself and in a row without a scheduler."""
