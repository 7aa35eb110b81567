"""S4: `managed` and `per_run` refuse at once what they cannot use."""

from typing import Any

import pytest

from cano_dsl import managed, per_run
from cano_dsl.errors import SignatureError


@pytest.mark.parametrize("value", [None, 5, "text", object()], ids=repr)
def test_managed_refuses_what_is_no_manager(value: Any) -> None:
    """S2: `managed` takes a manager or a function; anything else is refused where it is written."""
    with pytest.raises(SignatureError, match=r"managed\(\) was given .*\. Give an async context manager"):
        managed(value)


@pytest.mark.parametrize("value", [None, 5, "text", []], ids=repr)
def test_per_run_refuses_what_cannot_be_called(value: Any) -> None:
    """S4: `per_run` takes a class or function; anything else is refused where it is written."""
    with pytest.raises(SignatureError, match=r"per_run\(\) was given .*\. Give a class or a function"):
        per_run(value)
