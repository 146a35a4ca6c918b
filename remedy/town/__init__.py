"""A believable town of invented people: for a first look, and for tests that need a life of data."""
