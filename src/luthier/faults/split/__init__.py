"""Faults in how rows are shared out."""
