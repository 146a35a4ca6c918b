"""Doctors' hours, requests for a visit, decisions."""
