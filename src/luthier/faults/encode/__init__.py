"""Faults in what the model sees of a text."""
