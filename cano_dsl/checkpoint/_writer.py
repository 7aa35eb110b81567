"""The one thread that writes: it takes all that is queued, and commits it at once.

Each unit is refused or written alone: one that refuses has written nothing; where SQLite itself fails in the
middle, everything is rolled back and done again one by one.
"""

import sqlite3
import threading
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, Protocol

from cano_dsl.checkpoint._schema import Settings, connect, explained
from cano_dsl.errors import StoreError
from cano_dsl.scope import Reply, wake

AT_ONCE = 500  # units in a transaction


class Work(Protocol):
    """What is written, in a transaction."""

    def __call__(self, db: sqlite3.Connection, /) -> Any:
        """Write it, or refuse with a StoreError before anything is written."""
        ...


class Job(NamedTuple):
    """Something to be written, and who waits for it."""

    work: Work
    reply: Reply[Any]


class Writer:
    """The queue and its thread, which begins with the first job."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._stopped = False
        self._db: sqlite3.Connection | None = None

    def submit(self, work: Work) -> Reply[Any] | None:
        """Queue something to be written; gives None once the writer was stopped."""
        reply: Reply[Any] = Reply()
        with self._lock:
            if self._stopped:
                return None
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="cano_dsl checkpoints", daemon=True)
                self._thread.start()
            self._queue.put(Job(work, reply))
        return reply

    def stop(self) -> None:
        """Write what is queued, and wait for the thread's end."""
        with self._lock:
            self._stopped = True
            thread = self._thread
        if thread is not None:
            self._queue.put(None)
            if thread is not threading.current_thread():
                thread.join()

    def _work(self) -> None:
        try:
            while True:
                jobs, more = self._queued()
                if jobs:
                    self._settle(jobs)
                if not more:
                    return
        finally:
            if self._db is not None:
                self._db.close()

    def _queued(self) -> tuple[list[Job], bool]:
        """Wait for a job, and give all that are there; false at the end."""
        jobs: list[Job] = []
        job = self._queue.get()
        while job is not None:
            jobs.append(job)
            if len(jobs) == AT_ONCE:
                return jobs, True
            try:
                job = self._queue.get_nowait()
            except Empty:
                return jobs, True
        return jobs, False

    def _settle(self, jobs: list[Job]) -> None:
        try:
            if self._db is None:
                self._db = connect(self._settings, writes=True)
            self._db.execute("BEGIN IMMEDIATE")
        except BaseException as error:  # noqa: BLE001 - raised by whoever waits
            for job in jobs:
                job.reply.error = self._told(error)
        else:
            self._write(self._db, jobs)
        wake([job.reply for job in jobs])

    def _write(self, db: sqlite3.Connection, jobs: list[Job]) -> None:
        """Write jobs in the transaction that was begun, and end it."""
        try:
            for work, reply in jobs:
                try:
                    reply.value = work(db)
                except StoreError as refused:
                    reply.error = refused
            db.execute("COMMIT")
        except BaseException as error:  # noqa: BLE001 - raised by whoever waits
            self._undo(db)
            if len(jobs) == 1:
                jobs[0].reply.error = self._told(error)
                return
            for job in jobs:
                job.reply.error = None
                self._alone(db, job)

    def _alone(self, db: sqlite3.Connection, job: Job) -> None:
        try:
            db.execute("BEGIN IMMEDIATE")
        except BaseException as error:  # noqa: BLE001 - raised by whoever waits
            job.reply.error = self._told(error)
        else:
            self._write(db, [job])

    def _undo(self, db: sqlite3.Connection) -> None:
        if db.in_transaction:
            db.execute("ROLLBACK")

    def _told(self, error: BaseException) -> BaseException:
        """Give an error of its own to each who waits, as tracebacks are not to be mixed."""
        if isinstance(error, sqlite3.Error):
            told: BaseException = explained(self._settings.path, error)
            told.__cause__ = error
            return told
        return error
