"""Live demand as pharmacists see it, and the banner of what is unusual."""
