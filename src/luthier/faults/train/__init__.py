"""Faults that the training run shows."""
