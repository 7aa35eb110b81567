# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.guards._breaker import CircuitBreaker as CircuitBreaker
from cano_dsl.guards._bucket import RateLimiter as RateLimiter
from cano_dsl.guards._multi import MultiLimiter as MultiLimiter
from cano_dsl.guards._window import WindowLimiter as WindowLimiter
