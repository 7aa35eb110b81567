"""Shared guards of calls: circuit breakers and rate limiters, also to be used by hand."""

from cano_dsl.guards._breaker import CircuitBreaker
from cano_dsl.guards._bucket import RateLimiter
from cano_dsl.guards._multi import MultiLimiter
from cano_dsl.guards._window import WindowLimiter

__all__ = ("CircuitBreaker", "MultiLimiter", "RateLimiter", "WindowLimiter")
