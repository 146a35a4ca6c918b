"""Mail: sending it, and catching it on one machine."""
