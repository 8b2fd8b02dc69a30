"""What all pages for staff share: signing in to them, and lists of millions of rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.contrib.admin.forms import AdminAuthenticationForm, AdminPasswordChangeForm
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import ValidationError
from django.core.paginator import Page, Paginator
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property

from accounts.failed_sign_ins import note_failed_sign_in
from accounts.limits import limit_password_attempts
from accounts.models import FailedSignIn
from focusmaster.api.client_info import client_ip
from focusmaster.api.rate_limits import RateLimited

if TYPE_CHECKING:
    from typing import Any

    from django.http import HttpRequest, HttpResponse

    from accounts.models import User

# Up to here the rows of a list are counted, beyond it they are estimated.
COUNTED = 10_000
# To skip the rows before a page takes the longer the further it is; what is older is
# found by a search or a filter.
PAGES = 1000
# Rows that are acted on at once, each with an entry in the audit log.
MOST_CHOSEN = 50

BEGINNINGS: dict[str, Callable[[datetime], datetime]] = {
    "year": lambda day: day.replace(month=1, day=1),
    "month": lambda day: day.replace(day=1),
    "day": lambda day: day,
}


class StaffSignInForm(AdminAuthenticationForm):
    """Email and password of staff, under the limits of the API's sign-in."""

    def clean(self) -> dict[str, Any]:
        name, password = map(self.cleaned_data.get, ["username", "password"])
        if not (name and password):
            return super().clean()
        try:
            with limit_password_attempts(
                name, client_ip(self.request), wrong=ValidationError
            ):
                return super().clean()
        except RateLimited as exc:
            answer_too_many(self.request, exc.wait)
            raise ValidationError(
                f"Too many failed sign-ins. Try again in {minutes(exc.wait)}.",
                code="limited",
            ) from None
        except ValidationError:
            note_failed_sign_in(self.request, name=name, where=FailedSignIn.Where.ADMIN)
            raise


def minutes(seconds: float) -> str:
    count = ceil(seconds / 60)
    return f"{count} minutes" if count > 1 else "a minute"


def answer_too_many(request: HttpRequest, wait: int) -> None:
    """Have the page say to programs, too, what it says to people."""

    def mark(response: HttpResponse) -> None:
        response.status_code = 429
        response["Retry-After"] = str(wait)

    request.on_response.append(mark)


class StaffPasswordForm(AdminPasswordChangeForm):
    """A new password of one's own; it ends all sign-ins, as it does through the API."""

    def save(self, commit: bool = True) -> User:
        self.user.change_profile(
            password=self.cleaned_data["new_password1"],
            current_password=self.cleaned_data["old_password"],
        )
        # The page keeps this session by what is stored.
        self.user.refresh_from_db(fields=["password"])
        LogEntry.objects.log_actions(
            self.user.pk, [self.user], CHANGE, "Changed password.", single_object=True
        )
        return self.user


class StaffSite(admin.AdminSite):
    site_header = site_title = "FocusMaster"
    index_title = "Today"
    site_url = None  # There are no pages but these.
    login_form = StaffSignInForm

    def password_change(self, request, extra_context=None) -> HttpResponse:
        """Show Django's page with our form, for its own method takes no other."""
        request.current_app = self.name
        view = PasswordChangeView.as_view(
            form_class=StaffPasswordForm,
            success_url=reverse("admin:password_change_done", current_app=self.name),
            extra_context={**self.each_context(request), **(extra_context or {})},
        )
        return view(request)


class EstimatingPaginator(Paginator):
    """Counts a short list; the length of a long one is PostgreSQL's estimate."""

    @cached_property
    def count(self) -> int:
        rows = self.object_list.order_by()
        counted = rows[: COUNTED + 1].count()
        if counted <= COUNTED:
            return counted
        (plan,) = json.loads(rows.explain(format="json"))
        return max(counted, plan["Plan"]["Plan Rows"])

    @cached_property
    def num_pages(self) -> int:
        return min(super().num_pages, PAGES)

    def page(self, number: int | str) -> Page:
        """Skip the rows of earlier pages by their ids, which may be in an index."""
        page = super().page(number)
        if page.number > 1:
            ids = list(page.object_list.values_list("pk", flat=True))
            page.object_list = self.object_list.filter(pk__in=ids)
        return page


class SpanningQuerySet(models.QuerySet):
    """Rows for a list with a `date_hierarchy`, which asks for the days there are.

    To find those that have a row, PostgreSQL would read all rows. The first and the
    last are found by index, and all that lies between is offered.
    """

    def datetimes(self, field_name: str, kind: str, *args: Any) -> list[datetime]:
        ends = self.order_by().aggregate(
            first=models.Min(field_name), last=models.Max(field_name)
        )
        if ends["first"] is None:
            return []
        first, last = (midnight(ends[name]) for name in ("first", "last"))
        days = (first + timedelta(days=n) for n in range((last - first).days + 1))
        return list(dict.fromkeys(map(BEGINNINGS[kind], days)))


def midnight(instant: datetime) -> datetime:
    """Return when the instant's day began, on the clock of these pages: UTC."""
    local = timezone.localtime(instant)
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


class ReadOnly:
    """Rows of a page that nobody adds, changes or deletes there."""

    def has_add_permission(self, request, obj=None) -> bool:
        return False

    def has_change_permission(self, request, obj=None) -> bool:
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        return False


class ReadOnlyAdmin(ReadOnly, admin.ModelAdmin):
    """Rows to be found and looked at, however many there are.

    No column can be clicked to sort by: only the order by age has an index.
    """

    list_per_page = 50
    ordering = ["-id"]
    paginator = EstimatingPaginator
    show_facets = admin.ShowFacets.NEVER
    show_full_result_count = False
    sortable_by = ()

    def few(self, request: HttpRequest, queryset: models.QuerySet) -> list[Any]:
        """Return the rows that an action is to act on; none, and say so, of too many.

        "Select all" of a long list would be a million.
        """
        rows = list(queryset[: MOST_CHOSEN + 1])
        if len(rows) <= MOST_CHOSEN:
            return rows
        text = f"Choose at most {MOST_CHOSEN} at a time."
        self.message_user(request, text, messages.ERROR)
        return []
