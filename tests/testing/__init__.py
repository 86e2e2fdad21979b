"""Specifications of the fakes that other tests stand on."""
