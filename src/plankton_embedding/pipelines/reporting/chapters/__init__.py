"""The chapters of the report, each from its measurements to its page; a namespace each."""
