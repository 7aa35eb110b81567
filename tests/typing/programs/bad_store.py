"""`MemoryStore.get(key, T)` used as another type."""

from shop import Mailer, Store

from cano_dsl import MemoryStore

store = MemoryStore()
a: Store = store.get("mailer", Mailer)  # E: another type
b: list[str] = store.get("numbers", list[int])  # E: another type
c: int = store.get_shared("mailer", Mailer)  # E: another type
store.get("mailer", Mailer).url  # E: no such attribute
store.get(1)  # E: a key is text
store.put("key")  # E: no value
