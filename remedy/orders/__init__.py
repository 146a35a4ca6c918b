"""Orders: from the basket to the counter or the door."""
