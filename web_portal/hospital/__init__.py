"""Hospitals, doctors and their calendars: kept by admins, and by each doctor for themselves."""
