"""Who someone is and what they may do: passwords, sessions, API keys, answers kept for repeats."""
