"""Shortage notices: a pharmacist tells patients who take a medicine that it may run out at their pharmacy."""
