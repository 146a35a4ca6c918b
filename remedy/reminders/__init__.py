"""Reminders of visits: when one is due, what became of it, and how a patient wants to be reminded."""
