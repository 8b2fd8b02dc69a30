"""A choice field takes its choices, and a blank where it may be none of them."""

from __future__ import annotations

import pytest
from rest_framework.serializers import ValidationError

from focusmaster.api.fields import StrictChoiceField

COLORS = [("red", "Red"), ("blue", "Blue")]


@pytest.mark.parametrize("value", ["red", "blue"])
def test_choice_is_taken(value):
    assert StrictChoiceField(COLORS).run_validation(value) == value


@pytest.mark.parametrize("value", ["", "Red", " red", "green", 1, True, ["red"], {}])
def test_everything_else_is_refused_with_the_choices(value):
    with pytest.raises(ValidationError, match="give one of: red, blue"):
        StrictChoiceField(COLORS).run_validation(value)


def test_blank_is_taken_where_it_is_allowed():
    field = StrictChoiceField(COLORS, allow_blank=True)

    assert field.run_validation("") == ""
    with pytest.raises(ValidationError, match="give one of: red, blue"):
        field.run_validation(" ")
