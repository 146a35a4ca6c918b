"""Whom to telephone before a visit, likeliest to be missed first: off until an admin switches it on; never a penalty."""
