"""Tests of the portal that need no server."""
