"""`MemoryStore` gives what it is asked for."""

from typing import Any, assert_type

from shop import Mailer

from cano_dsl import MemoryStore

store = MemoryStore(mailer=Mailer(), numbers=[1, 2])
assert_type(store.get("mailer", Mailer), Mailer)
assert_type(store.get("numbers", list[int]), list[int])
assert_type(store.get("numbers"), Any)
assert_type(store.get_shared("numbers", list[int]), list[int])
assert_type(store.get_shared("numbers"), Any)
assert_type(store.keys(), tuple[str, ...])
assert_type(store.contains("mailer"), bool)
assert_type("mailer" in store, bool)
assert_type(len(store), int)
store.put("name", "tea")
store.append("numbers", 3)
store.remove("name")
store.clear()
