"""The graph compiled into what the loop runs, and resources checked against it.

Features are composed into a step's call when they are configured, and are not there otherwise.
"""

from cano_dsl.plan._asked import Last, RollbackAsked
from cano_dsl.plan._bind import Bound, check_resources, check_type, make_data, saved_data
from cano_dsl.plan._outputs import Done, Undo, Unfit
from cano_dsl.plan._plan import Plan, Steps
from cano_dsl.plan._region import Stay, StayData
from cano_dsl.plan._retry import call_again
from cano_dsl.plan._step import Call, Step, Values

__all__ = (
    "Bound",
    "Call",
    "Done",
    "Last",
    "Plan",
    "RollbackAsked",
    "Stay",
    "StayData",
    "Step",
    "Steps",
    "Undo",
    "Unfit",
    "Values",
    "call_again",
    "check_resources",
    "check_type",
    "make_data",
    "saved_data",
)
