"""Comparisons from call to consequence."""
