"""Prescriptions: patients hand them in, pharmacists review them; allergies and reminders."""
