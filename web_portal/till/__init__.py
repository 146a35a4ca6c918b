"""The interface for tills: JSON over HTTP with a key per pharmacy."""
