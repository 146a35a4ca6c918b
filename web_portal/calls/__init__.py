"""The call list: for an admin who switched it on; never shown to patients."""
