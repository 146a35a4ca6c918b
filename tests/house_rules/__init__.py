"""The repository's promises about itself: what is documented exists, and what exists is documented."""
