"""The platform's language: what can happen, what is kept, and the rules; no web, dashboards or jobs."""

__version__ = "0.1.0"
