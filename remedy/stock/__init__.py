"""What a pharmacy has, at what price: lots, ledger, holds."""
