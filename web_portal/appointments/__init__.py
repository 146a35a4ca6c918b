"""Doctors, their free times, and a patient's requests for a visit."""
