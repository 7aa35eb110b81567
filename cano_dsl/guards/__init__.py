"""Shared guards of calls: circuit breakers and rate limiters, also to be used by hand."""
