# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.declare._handlers import Handler as Handler, N_co as N_co, P as P, S as S, Src_co as Src_co

class Nested(Handler[S, Src_co, P, N_co]): ...
