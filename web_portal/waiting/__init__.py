"""The waiting list as patients see it: waiting for a time, and claiming one that is offered."""
