"""What the apps say they hold of a person, against what their models can hold."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db.models import CASCADE, ForeignObject, Model
from rest_framework.serializers import BaseSerializer

from accounts.models import User
from focusmaster.personal_data import PersonalDataEntry, personal_data_entries

PERSONAL_DATA = list(personal_data_entries())


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
            column = model._meta.get_field(field.source.partition(".")[0])
            if column.concrete:  # Else it is the row beside this one.
                shown.add(column.attname)
    return shown


def name_of(entry: PersonalDataEntry) -> str:
    return f"{entry.model.__name__}.{entry.path}"


def test_every_model_that_leads_to_a_person_is_listed():
    listed = {entry.model for entry in PERSONAL_DATA}

    assert models_of_people() - listed == set()


def test_every_link_to_a_person_is_listed():
    listed = {(entry.model, entry.path) for entry in PERSONAL_DATA}

    unlisted = {
        f"{link.model.__name__}.{link.name}"
        for link in direct_links()
        if (link.model, link.name) not in listed
    }

    assert unlisted == set()


def test_each_model_is_either_exported_or_excluded_with_a_reason():
    undecided = [
        name_of(entry)
        for entry in PERSONAL_DATA
        if bool(entry.sections) == bool(entry.excluded)
    ]

    assert undecided == []


def test_what_a_deletion_does_not_cascade_to_is_erased_or_outlives_with_a_reason():
    by_link = {(entry.model, entry.path): entry for entry in PERSONAL_DATA}

    forgotten = [
        f"{link.model.__name__}.{link.name}"
        for link in direct_links()
        if link.remote_field.on_delete is not CASCADE
        and (entry := by_link.get((link.model, link.name)))
        and not (entry.erase or entry.retained_because)
    ]

    assert forgotten == []


@pytest.mark.parametrize(
    "entry", [one for one in PERSONAL_DATA if one.sections], ids=name_of
)
def test_each_column_is_exported_or_left_out_with_a_reason(entry):
    meta = entry.model._meta
    shown = {
        column
        for section in entry.sections
        for column in shown_columns(section.serializer(), entry.model)
    }

    columns = {column.attname for column in meta.concrete_fields}
    owner = (
        meta.get_field(entry.path.partition("__")[0]) if entry.path != "pk" else meta.pk
    )

    assert columns - shown - {owner.attname} == set(entry.excluded_columns)
    assert all(entry.excluded_columns.values())


def test_sections_have_names_of_their_own():
    names = [section.name for one in PERSONAL_DATA for section in one.sections]

    assert len(names) == len(set(names))
    assert "exportedAt" not in names
