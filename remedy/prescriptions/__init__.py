"""Prescriptions: handed in by patients, looked at by pharmacists, used by holds and orders."""
