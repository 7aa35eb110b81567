# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.observe._log import LogObserver as LogObserver
from cano_dsl.observe._observer import Observer as Observer
