"""Where admins decide requests and take figures away as CSV."""
