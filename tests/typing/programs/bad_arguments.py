"""Arguments of `run` and `bind` against `resources=`."""

from typing import Literal

from shop import Mailer, Resources, Store, Visit

from cano_dsl import Workflow, state


@state(Visit.CHECK)
def check(store: Store, mailer: Mailer) -> Literal[Visit.DONE, Visit.FAILED]:
    return Visit.DONE


flow = Workflow.build(Visit, check, start=Visit.CHECK, exits=(Visit.DONE, Visit.FAILED), resources=Resources)
store, mailer = Store(), Mailer()


async def main() -> None:
    await flow.run(store=store)  # E: missing
    await flow.run(store=mailer, mailer=mailer)  # E: wrong type
    await flow.run(store=store, mailer=mailer, cache=store)  # E: unknown
    await flow.run(store=store, mailr=mailer)  # E: misspelt
    await flow.run(None, mailer, store)  # E: wrong order
    await flow.configure().run()  # E: missing
    flow.run_sync(store=store)  # E: missing
    flow.bind(store=store)  # E: missing
    flow.bind(store, store)  # E: wrong type
    flow.bind(store, mailer, store)  # E: too many
