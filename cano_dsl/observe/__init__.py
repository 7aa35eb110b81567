"""Observers: who is told what, and nothing for those who do not ask."""

from cano_dsl.observe._events import HOOKS, Emit, Events, events_of
from cano_dsl.observe._log import LogObserver
from cano_dsl.observe._observer import Observer

__all__ = ("HOOKS", "Emit", "Events", "LogObserver", "Observer", "events_of")
