"""What the apps say they hold of a person, against what their models can hold."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db.models import CASCADE, ForeignObject, Model
from rest_framework.serializers import BaseSerializer

from accounts.models import User
from focusmaster.personal_data import Holding, holdings

HOLDINGS = list(holdings())


def links_of(model: type[Model]) -> Iterator[ForeignObject]:
    for field in model._meta.get_fields(include_hidden=True):
        if isinstance(field, ForeignObject) and field.concrete:
            yield field


def models_of_people() -> set[type[Model]]:
    """Every model from which a path of foreign keys leads to the user."""
    everything = apps.get_models(include_auto_created=True)
    found = {User}
    while True:
        more = {
            model
            for model in everything
            if any(link.related_model in found for link in links_of(model))
        }
        if more <= found:
            return found
        found |= more


def direct_links() -> list[ForeignObject]:
    return [
        link
        for model in models_of_people()
        for link in links_of(model)
        if link.related_model is User
    ]


def shown_columns(serializer: BaseSerializer, model: type[Model]) -> set[str]:
    """The columns of the model that the serializer shows."""
    shown = set()
    for field in serializer.fields.values():
        if isinstance(field, BaseSerializer) and field.source == "*":
            shown |= shown_columns(field, model)
        elif not field.write_only:
            shown.add(model._meta.get_field(field.source.partition(".")[0]).attname)
    return shown


def name_of(holding: Holding) -> str:
    return f"{holding.model.__name__}.{holding.path}"


def test_every_model_that_leads_to_a_person_is_listed():
    listed = {holding.model for holding in HOLDINGS}

    assert models_of_people() - listed == set()


def test_every_link_to_a_person_is_listed():
    listed = {(holding.model, holding.path) for holding in HOLDINGS}

    unlisted = {
        f"{link.model.__name__}.{link.name}"
        for link in direct_links()
        if (link.model, link.name) not in listed
    }

    assert unlisted == set()


def test_each_model_is_either_exported_or_excluded_with_a_reason():
    undecided = [
        name_of(holding)
        for holding in HOLDINGS
        if bool(holding.sections) == bool(holding.excluded)
    ]

    assert undecided == []


def test_what_a_deletion_does_not_cascade_to_is_erased_or_outlives_with_a_reason():
    by_link = {(holding.model, holding.path): holding for holding in HOLDINGS}

    forgotten = [
        f"{link.model.__name__}.{link.name}"
        for link in direct_links()
        if link.remote_field.on_delete is not CASCADE
        and (holding := by_link.get((link.model, link.name)))
        and not (holding.erase or holding.outlives)
    ]

    assert forgotten == []


@pytest.mark.parametrize(
    "holding", [one for one in HOLDINGS if one.sections], ids=name_of
)
def test_each_column_is_exported_or_left_out_with_a_reason(holding):
    meta = holding.model._meta
    shown = {
        column
        for section in holding.sections
        for column in shown_columns(section.serializer(), holding.model)
    }

    columns = {column.attname for column in meta.concrete_fields}
    owner = (
        meta.get_field(holding.path.partition("__")[0])
        if holding.path != "pk"
        else meta.pk
    )

    assert columns - shown - {owner.attname} == set(holding.left_out)
    assert all(holding.left_out.values())


def test_sections_have_names_of_their_own():
    names = [section.name for one in HOLDINGS for section in one.sections]

    assert len(names) == len(set(names))
    assert "exportedAt" not in names
