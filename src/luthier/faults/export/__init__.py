"""Faults in what ships."""
