"""A pharmacist's own pages: stock, its movements, keys for the till."""
