"""Medicines, their names, and where they are to be had."""
