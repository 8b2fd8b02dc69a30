"""What all pages for staff share: signing in to them, and lists of many rows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, Any, TypeVar, cast

from django.contrib import admin, messages
from django.contrib.admin.forms import AdminAuthenticationForm, AdminPasswordChangeForm
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import (
    ALL_VAR,
    ERROR_FLAG,
    ORDER_VAR,
    PAGE_VAR,
    SEARCH_VAR,
    ChangeList,
)
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import ValidationError
from django.core.paginator import Page, Paginator
from django.core.validators import MaxLengthValidator
from django.db import models, transaction
from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property

from accounts.failed_sign_ins import note_failed_sign_in
from accounts.limits import limit_password_attempts
from accounts.models import FailedSignIn
from accounts.passwords import MAX_TYPED
from accounts.signals import staff_acted
from focusmaster.api.client_info import client_ip
from focusmaster.api.errors import BUSY_RETRY_AFTER
from focusmaster.api.rate_limits import RateLimited
from focusmaster.exceptions import SignInsBusy

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from accounts.models import User
    from focusmaster.api.request import ApiRequest

# Up to here the rows of a list are counted, beyond it they are estimated.
COUNTED = 10_000
# Pages of a list: skipping rows takes longer on each page. Older rows are found by a
# search or a filter.
PAGES = 1000
# Rows of one action, each with an entry in the audit log.
MOST_CHOSEN = 50

# A year, a month or a day; no date has a larger number, nor ends the year 9999.
DAY_PART = re.compile(r"(?!9999)[0-9]{1,4}")
# What the address of a list may have beside filters.
OF_LISTS = {ALL_VAR, ERROR_FLAG, ORDER_VAR, PAGE_VAR, SEARCH_VAR}

View = TypeVar("View", bound=Callable[..., Any])

BEGINNINGS: dict[str, Callable[[datetime], datetime]] = {
    "year": lambda day: day.replace(month=1, day=1),
    "month": lambda day: day.replace(day=1),
    "day": lambda day: day,
}


class StaffSignInForm(AdminAuthenticationForm):
    """Email and password of staff, under the limits of the API's sign-in."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        limit_length(self.fields["password"])
        given = dict(self.data.items())
        if len(given.get("username", "")) > MAX_TYPED:
            # The page shows it again, in several copies of a mebibyte.
            self.data = given | {"username": given["username"][:MAX_TYPED]}

    def clean(self) -> dict[str, Any]:
        request = cast("ApiRequest", self.request)
        name, password = map(self.cleaned_data.get, ["username", "password"])
        if not (name and password):
            return super().clean()
        try:
            with limit_password_attempts(
                name, client_ip(request), wrong=ValidationError
            ):
                return super().clean()
        except SignInsBusy as exc:
            mark_as_refused(request, 503, BUSY_RETRY_AFTER)
            raise ValidationError(exc.message, code=exc.code) from None
        except RateLimited as exc:
            raise limited(request, exc) from None
        except ValidationError:
            note_failed_sign_in(request, name=name, where=FailedSignIn.Where.ADMIN)
            raise


def limit_length(*fields: Any) -> None:
    """Refuse passwords that are too long to be any."""
    for field in fields:
        field.max_length = MAX_TYPED
        field.validators.append(MaxLengthValidator(MAX_TYPED))


def minutes(seconds: float) -> str:
    count = ceil(seconds / 60)
    return f"{count} minutes" if count > 1 else "a minute"


def limited(request: ApiRequest, exc: RateLimited) -> ValidationError:
    """Return the error of a form, and give its page the status of a limit."""
    mark_as_refused(request, 429, exc.wait)
    text = f"Too many failed sign-ins. Try again in {minutes(exc.wait)}."
    return ValidationError(text, code="limited")


def mark_as_refused(request: ApiRequest, status: int, wait: int) -> None:
    """Give the page the status and header of the error that its text describes."""

    def mark(response: HttpResponse) -> None:
        response.status_code = status
        response["Retry-After"] = str(wait)

    request.on_response.append(mark)


class StaffPasswordForm(AdminPasswordChangeForm):
    """The user's own new password; it ends all sign-ins, as it does by the API.

    The old one is guessed no more often than by the API.
    """

    # Set by the view.
    request: ApiRequest

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        limit_length(*self.fields.values())

    def clean_old_password(self) -> str:
        address = client_ip(self.request)
        try:
            with limit_password_attempts(self.user.pk, address, wrong=ValidationError):
                return super().clean_old_password()
        except RateLimited as exc:
            raise limited(self.request, exc) from None

    @transaction.atomic
    def save(self, commit: bool = True) -> User:
        self.user.change_profile(password=self.cleaned_data["new_password1"])
        # Django keeps this session valid by the stored hash.
        self.user.refresh_from_db(fields=["password"])
        rows, said = [self.user], "Changed password."
        entries: Any = LogEntry.objects.log_actions(self.user.pk, rows, CHANGE, said)
        tell(self.request, rows, entries, CHANGE)
        return self.user


class StaffPasswordView(PasswordChangeView):
    form_class = StaffPasswordForm

    def get_form(self, *args: Any) -> Any:
        form = super().get_form(*args)
        form.request = self.request
        return form


def outside_transaction(page: View) -> View:
    """Have a POST to a page run in no transaction; its verbs open their own.

    For pages that send mail, or count wrong passwords, which an error must not undo.
    """
    page.is_atomic = False  # type: ignore[attr-defined]  # which functions may have
    return page


class StaffSite(admin.AdminSite):
    site_header = site_title = "FocusMaster"
    index_title = "Today"
    site_url = None  # There are no other pages.
    login_form = StaffSignInForm

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        """Respond with 404: no page of ours completes what is typed."""
        raise Http404

    @outside_transaction
    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().login(request, extra_context)

    @outside_transaction
    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Show Django's page with our form; Django's method has no option for that."""
        request.current_app = self.name
        view = StaffPasswordView.as_view(
            success_url=reverse("admin:password_change_done", current_app=self.name),
            extra_context={**self.each_context(request), **(extra_context or {})},
        )
        return view(request)


class EstimatingPaginator(Paginator):
    """Counts the rows of a short list; PostgreSQL estimates those of a long one."""

    @cached_property
    def count(self) -> int:
        rows = cast("models.QuerySet", self.object_list).order_by()
        counted = rows[: COUNTED + 1].count()
        if counted <= COUNTED:
            return counted
        (plan,) = json.loads(rows.explain(format="json"))
        return max(counted, plan["Plan"]["Plan Rows"])

    @cached_property
    def num_pages(self) -> int:
        return min(super().num_pages, PAGES)

    def page(self, number: int | str) -> Page:
        """Skip the rows of earlier pages by ids alone, which an index may serve."""
        page = super().page(number)
        if page.number > 1:
            rows = cast("models.QuerySet", self.object_list)
            shown = cast("models.QuerySet", page.object_list)
            page.object_list = rows.filter(
                pk__in=list(shown.values_list("pk", flat=True))
            )
        return page


class SpanningQuerySet(models.QuerySet):
    """Rows for a list with a `date_hierarchy`, which asks for the days that have rows.

    PostgreSQL would read all rows to find them. An index serves the first and the last
    day, and all days between are offered.
    """

    def datetimes(self, field_name: str, kind: str, *args: Any, **options: Any) -> Any:
        ends = self.order_by().aggregate(
            first=models.Min(field_name), last=models.Max(field_name)
        )
        if ends["first"] is None:
            return []
        first, last = (midnight(ends[name]) for name in ("first", "last"))
        days = (first + timedelta(days=n) for n in range((last - first).days + 1))
        return list(dict.fromkeys(map(BEGINNINGS[kind], days)))


def midnight(instant: datetime) -> datetime:
    """Return the midnight before an instant, in the time zone of these pages: UTC."""
    local = timezone.localtime(instant)
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


def url_kwargs(request: HttpRequest) -> dict[str, Any]:
    """Return what the URL of the page names, such as `object_id`."""
    return request.resolver_match.kwargs if request.resolver_match else {}


class ReadOnly:
    """Rows that nobody adds, changes or deletes on the page."""

    def has_add_permission(self, request, obj=None) -> bool:
        return False

    def has_change_permission(self, request, obj=None) -> bool:
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        return False


def tell(
    request: HttpRequest,
    rows: Sequence[models.Model],
    entries: Sequence[LogEntry],
    action_flag: int,
) -> None:
    """Send `staff_acted`."""
    staff_acted.send(
        None, request=request, rows=rows, entries=entries, action_flag=action_flag
    )


class Audited(admin.ModelAdmin):
    """Tells what it writes to Django's log of the pages, in one transaction with it."""

    @transaction.atomic
    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> LogEntry:
        entry = super().log_addition(request, obj, message)
        tell(request, [obj], [entry], ADDITION)
        return entry

    @transaction.atomic
    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> LogEntry:
        entry = super().log_change(request, obj, message)
        tell(request, [obj], [entry], CHANGE)
        return entry

    @transaction.atomic
    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        rows = list(queryset)
        entries: Any = super().log_deletions(request, rows)  # type: ignore[arg-type]
        tell(request, rows, entries, DELETION)
        return entries


class ReadOnlyAdmin(ReadOnly, Audited):
    """A list of any length, to search and to look at.

    No column can be sorted by, because only the order by age has an index.
    """

    list_per_page = 50
    ordering = ["-id"]
    paginator = EstimatingPaginator
    show_facets = admin.ShowFacets.NEVER
    show_full_result_count = False
    sortable_by = ()
    # Lookups of links between our pages, beside those of filters.
    linked_lookups: tuple[str, ...] = ()

    def declared_lookups(self, request: HttpRequest) -> set[str]:
        """Return the names that filters, the days and our own links may have."""
        names = set(self.linked_lookups)
        for item in self.get_list_filter(request):
            if isinstance(item, str):
                names |= {f"{item}__exact", f"{item}__isnull"}
            elif isinstance(item, tuple):
                names.add(f"{item[0]}__isempty")
            else:
                names.add(
                    str(cast("type[admin.SimpleListFilter]", item).parameter_name)
                )
        if self.date_hierarchy:
            names |= {f"{self.date_hierarchy}__{part}" for part in BEGINNINGS}
        return names

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Return the list, or raise IncorrectLookupParameters for what is not declared.

        Django would take any lookup of the model's own columns: one on a hash of a
        password gives it away by and by, and a broken one fails in the database. From
        what is raised, Django's view redirects to the whole list.
        """
        query = request.GET.dict()
        known = self.declared_lookups(request) | OF_LISTS
        days = [query.get(f"{self.date_hierarchy}__{part}", "1") for part in BEGINNINGS]
        if (
            not known.issuperset(query)
            or any("\0" in str(value) for value in query.values())
            or not all(DAY_PART.fullmatch(str(value)) for value in days)
        ):
            raise IncorrectLookupParameters
        return super().get_changelist_instance(request)

    def lookup_allowed(
        self, lookup: str, value: str, request: HttpRequest | None = None
    ) -> bool:
        return request is not None and lookup in self.declared_lookups(request)

    def few(self, request: HttpRequest, queryset: models.QuerySet) -> list[Any]:
        """Return the rows of an action; none, with a message, where they are too many.

        "Select all" of a long list could be a million.
        """
        rows = list(queryset[: MOST_CHOSEN + 1])
        if len(rows) <= MOST_CHOSEN:
            return rows
        text = f"Choose at most {MOST_CHOSEN} at a time."
        self.message_user(request, text, messages.ERROR)
        return []
