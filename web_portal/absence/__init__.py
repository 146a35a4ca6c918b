"""A doctor's absence: who is affected, declaring it, and how far their patients are told."""
