"""Signing in and out, and registering as a patient."""
