"""The native kernels: how they are built, and that they compute what the portable code computes."""
