# Made by tools/stubs.py from the package; not for type checkers.
from cano_dsl.graph._graph import Graph as Graph
