"""Connections that only read, each used by one thread at a time."""

import sqlite3
import threading
from collections.abc import Callable
from typing import TypeVar

from cano_dsl.checkpoint._schema import Settings, connect, damaged, explained

T = TypeVar("T")
KEPT = 4  # connections that are held while nobody reads


class Readers:
    """Connections to one file, made as they are needed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._stopped = False

    def read(self, fn: Callable[[sqlite3.Connection], T]) -> T:
        """Call with a connection that sees one moment of the file."""
        with self._lock:
            db = self._idle.pop() if self._idle else None
        try:
            if db is None:
                db = connect(self._settings, writes=False)
            db.execute("BEGIN")
            try:
                return fn(db)
            finally:
                db.execute("COMMIT")
        except sqlite3.Error as error:
            raise explained(self._settings.path, error) from error
        except IndexError as error:  # a number that stands for no kind of row and no status
            raise damaged(self._settings.path) from error
        finally:
            if db is not None:
                self._give_back(db)

    def _give_back(self, db: sqlite3.Connection) -> None:
        with self._lock:
            if not self._stopped and len(self._idle) < KEPT and not db.in_transaction:
                self._idle.append(db)
                return
        db.close()

    def stop(self) -> None:
        """Close them; those in use when they are given back."""
        with self._lock:
            self._stopped = True
            idle, self._idle = self._idle, []
        for db in idle:
            db.close()
