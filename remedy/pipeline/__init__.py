"""The stages between an event and a number: called by DAGs, callable by hand."""
