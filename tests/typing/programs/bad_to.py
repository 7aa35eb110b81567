"""`to=` that is no collection of states."""

from shop import Order

from cano_dsl import router, state


def work() -> Order:
    return Order.DONE


a = state(Order.CHECK, to=Order.DONE)(work)  # E: a member
b = state(Order.CHECK, to=("DONE",))(work)  # E: text
c = state(Order.CHECK, to=Order)(lambda: "DONE")  # E: returns text
d = router(Order.CHECK, to=1)(work)  # E: a number
