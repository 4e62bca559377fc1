"""Faults that the rows alone show."""
