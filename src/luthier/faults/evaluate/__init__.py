"""Faults that predictions and figures show."""
