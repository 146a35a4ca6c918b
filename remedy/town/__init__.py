"""The seeded, believable town: invented people, fixed seed."""
