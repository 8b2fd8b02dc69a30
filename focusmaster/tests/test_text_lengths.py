"""Every text that a client, staff or a command gives has a maximum length."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

import pytest
from django import forms
from django.apps import apps
from django.contrib import admin
from rest_framework import serializers

from focusmaster.api.fields import StrictCharField, StrictSerializer, TypedTextField

# Modules that define serializers and forms that are not loaded with their app.
MODULES = ["focusmaster.urls", "accounts.google.serializers"]

OURS = [app.name for app in apps.get_app_configs() if "." not in app.name]
OURS = [name for name in OURS if not name.startswith(("django", "rest_", "social"))]


def subclasses(base: type) -> Iterator[type]:
    for one in base.__subclasses__():
        yield one
        yield from subclasses(one)


def texts_in(field: serializers.Field) -> Iterator[serializers.CharField]:
    """Yield the fields for text that a client can set, in lists and objects, too."""
    if isinstance(field, serializers.ListField):
        yield from texts_in(field.child)
    elif isinstance(field, serializers.CharField):
        yield field


for name in MODULES:
    import_module(name)

SERIALIZERS = sorted(
    set(subclasses(StrictSerializer)), key=lambda one: one.__qualname__
)
FORMS = sorted(
    (
        one
        for one in set(subclasses(forms.BaseForm))
        if one.__module__.partition(".")[0] in OURS and hasattr(one, "base_fields")
    ),
    key=lambda one: one.__qualname__,
)


def test_there_are_serializers_and_forms_to_look_at():
    names = {one.__name__ for one in [*SERIALIZERS, *FORMS]}

    assert names >= {
        "TaskSerializer",
        "IdTokenSerializer",
        "BanForm",
        "StaffSignInForm",
    }


@pytest.mark.parametrize("serializer", SERIALIZERS, ids=lambda one: one.__qualname__)
def test_text_of_a_serializer_has_a_maximum_length(serializer):
    fields = serializer().fields.values()
    texts = [text for one in fields if not one.read_only for text in texts_in(one)]

    assert [text.field_name for text in texts if text.max_length is None] == []


@pytest.mark.parametrize("serializer", SERIALIZERS, ids=lambda one: one.__qualname__)
def test_list_of_a_serializer_has_a_maximum_length(serializer):
    fields = serializer().fields.values()
    lists = [one for one in fields if isinstance(one, serializers.ListField)]

    assert [
        one.field_name for one in lists if not one.read_only and not one.max_length
    ] == []


@pytest.mark.parametrize("serializer", SERIALIZERS, ids=lambda one: one.__qualname__)
def test_text_of_a_serializer_follows_the_rules(serializer):
    fields = serializer().fields.values()
    texts = [text for one in fields if not one.read_only for text in texts_in(one)]

    assert all(isinstance(text, StrictCharField) for text in texts)
    typed = [text.field_name for text in texts if isinstance(text, TypedTextField)]
    assert set(typed) <= {
        "email",
        "password",
        "currentPassword",
        "guestId",
        "credential",
        "token",
    }


@pytest.mark.parametrize("form", FORMS, ids=lambda one: one.__qualname__)
def test_text_of_a_form_has_a_maximum_length(form, db):
    needs_user = issubclass(form, admin.forms.AdminPasswordChangeForm)
    fields = (form(user=None) if needs_user else form()).fields
    texts = {n: f for n, f in fields.items() if isinstance(f, forms.CharField)}

    assert [name for name, field in texts.items() if field.max_length is None] == []
