"""The page of a person: charts, tabs with their rows, and acts such as a ban.

The rows are of other apps, which accounts, with the page of a user, must not import.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from django import forms
from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils import timezone

from accounts.admin import UserAdmin
from accounts.models import User
from analytics.daily import WEEKDAYS
from analytics.views import FIRST_WEEKDAY, HEATMAP_DAYS
from focusmaster.dates.periods import current_week, last_days, local_day
from focusmaster.dates.zones import zone_named
from focusmaster.exceptions import InvalidValue
from kanban.models import Task
from moderation.actors import Actor
from moderation.admin.bans import BanInline
from moderation.admin.forms import BanForm, LiftForm
from moderation.admin.pages import ActingPages, page_number, part_of
from moderation.charts import Column, bars, heatmap, hours
from moderation.models import Ban
from moderation.people_search import with_status
from moderation.roles import demote, lock_with_admins, promote
from pomodoro.totals import focus_by_day

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest, HttpResponse
    from django.utils.safestring import SafeString

# Cards of a column on the board. A longer column has a page of its own.
CARDS = 20

# The width of a day of the week, with which a phone shows all seven.
DAY = 42


class Act(NamedTuple):
    """What staff can do to people, on a page with an explanation and a form."""

    label: str
    text: str
    form: type[forms.Form]
    verb: Callable[..., User]
    done: str


ACTS = {
    "ban": Act(
        "Ban or suspend",
        "They are signed out everywhere, and refused from their next request on.",
        BanForm,
        Ban.objects.impose,
        "Kept out: {count}.",
    ),
    "lift": Act(
        "Lift the ban",
        "They can sign in again.",
        LiftForm,
        Ban.objects.lift,
        "May come in again: {count}.",
    ),
    "promote": Act(
        "Make an admin",
        "They can do all that you can on these pages: read what everybody has stored, "
        "ban people, and take the role away from you.",
        forms.Form,
        promote,
        "Made an admin: {count}.",
    ),
    "demote": Act(
        "Take the admin role away",
        "They lose these pages with their next request, and keep their account.",
        forms.Form,
        demote,
        "No longer an admin: {count}.",
    ),
}


def acts_on(user: User, *, by: User) -> list[dict[str, str]]:
    """Return links to the acts that are possible for a person in their state."""
    names = []
    if user.is_barred():
        names = ["lift", "ban"]
    elif user.is_staff:
        names = [] if user.pk == by.pk else ["demote"]
    else:
        names = ["ban"] if user.is_guest else ["ban", "promote"]
    urls = [reverse(f"admin:accounts_user_{name}") for name in names]
    return [
        {"label": f"{ACTS[name].label}…", "url": f"{url}?id={user.pk}"}
        for name, url in zip(names, urls, strict=True)
    ]


class StandingFilter(admin.SimpleListFilter):
    """Filters by the status at the moment: a suspension ends by itself."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request, model_admin) -> list[tuple[str, str]]:
        return User.Status.choices

    def queryset(self, request, queryset) -> QuerySet:
        if (status := self.value()) and status in User.Status.values:
            return with_status(queryset, status)
        return queryset


admin.site.unregister(User)


@admin.register(User)
class PersonAdmin(ActingPages, UserAdmin):
    """A page with tabs: the account with its charts, the board, and the logs."""

    actions = [*UserAdmin.actions, "ban_selected", "lift_selected"]
    change_form_template = "moderation/person.html"
    inlines = [BanInline, *UserAdmin.inlines]
    list_display = ["__str__", "name", "role", "standing", "points", "created_at"]
    list_filter = ["role", StandingFilter, "is_guest"]
    readonly_fields = [*UserAdmin.readonly_fields, "standing"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "email",
                    "name",
                    "picture",
                    "role",
                    "standing",
                    "is_guest",
                    "created_at",
                    "updated_at",
                ]
            },
        ),
        *UserAdmin.fieldsets[1:],
    ]

    @admin.display(description="status")
    def standing(self, user: User) -> str:
        if not user.is_barred():
            return "active"
        until = user.banned_until
        return (
            f"{user.status} until {until:%Y-%m-%d %H:%M} UTC" if until else user.status
        )

    def get_urls(self) -> list:
        wrap = self.admin_site.admin_view
        acts = [
            path(
                f"{name}/", wrap(partial(self.act, name)), name=f"accounts_user_{name}"
            )
            for name in ACTS
        ]
        tabs = [
            path(f"<object_id>/{tab}/", wrap(view), name=f"accounts_user_{name}")
            for tab, name, view in (
                ("board", "board", self.board),
                ("sessions", "sessions", self.sessions),
                ("work-logs", "work_logs", self.work_logs),
            )
        ]
        return [*acts, *tabs, *super().get_urls()]

    # The page and its tabs

    def render_change_form(
        self, request, context, add=False, change=False, form_url="", obj=None
    ):
        if obj is not None:
            context |= self.about(request, obj, "person")
            context["pictures"] = pictures_of(obj)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def about(self, request: HttpRequest, user: User, tab: str) -> dict[str, Any]:
        """Return the context of every tab: the person, the tabs, the acts."""
        tabs = [
            ("person", "Person", "admin:accounts_user_change"),
            ("board", "Board", "admin:accounts_user_board"),
            ("sessions", "Sessions", "admin:accounts_user_sessions"),
            ("work_logs", "Work logs", "admin:accounts_user_work_logs"),
        ]
        return {
            "original": user,
            "barred": self.standing(user) if user.is_barred() else "",
            "ban_reason": user.ban_reason,
            "acts": acts_on(user, by=cast("User", request.user)),
            "tabs": [
                {"label": label, "url": reverse(url, args=[user.pk]), "on": name == tab}
                for name, label, url in tabs
            ],
            "zone": zone_named(user.timezone),
        }

    def tab(
        self, request: HttpRequest, user: User, tab: str, **context: Any
    ) -> HttpResponse:
        about = self.about(request, user, tab)
        return self.page(
            request, f"moderation/{tab}.html", str(user), **about, **context
        )

    def board(self, request: HttpRequest, object_id: str) -> HttpResponse:
        user = self.row(request, object_id)
        only = request.GET.get("column")
        number = page_number(request)
        shown = [one for one in Task.Status if one == only] or list(Task.Status)
        alone = len(shown) == 1
        columns = []
        for status in shown:
            cards = user.tasks.filter(status=status).order_by("position", "pk")
            part = part_of(cards, number if alone else 1, CARDS)
            columns.append({"status": status, "label": status.label, "part": part})
        return self.tab(request, user, "board", columns=columns, alone=alone)

    def sessions(self, request: HttpRequest, object_id: str) -> HttpResponse:
        user = self.row(request, object_id)
        part = part_of(user.sessions.select_related("task"), page_number(request))
        return self.tab(request, user, "sessions", part=part)

    def work_logs(self, request: HttpRequest, object_id: str) -> HttpResponse:
        user = self.row(request, object_id)
        part = part_of(user.work_logs.all(), page_number(request))
        return self.tab(request, user, "work_logs", part=part)

    # Acts

    def has_ban_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    @admin.action(description="Ban or suspend…", permissions=["ban"])
    def ban_selected(self, request: HttpRequest, queryset: QuerySet):
        return self.ask("ban", request, queryset)

    @admin.action(description="Lift bans…", permissions=["ban"])
    def lift_selected(self, request: HttpRequest, queryset: QuerySet):
        return self.ask("lift", request, queryset)

    def ask(self, name: str, request: HttpRequest, queryset: QuerySet):
        """Redirect to the page of the act, with the chosen people."""
        people = self.few(request, queryset)
        return self.go(name, [user.pk for user in people]) if people else None

    def act(self, name: str, request: HttpRequest) -> HttpResponse:
        """Show the form of an act; once it is filled in, act on all chosen people."""
        act, people = ACTS[name], self.chosen(request)
        form = act.form(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                self.do(request, act, [user.pk for user in people], form.cleaned_data)
            except InvalidValue as exc:
                form.add_error(exc.field, exc.message)
            else:
                return self.back_to(people)
        return self.page(
            request, "moderation/act.html", act.label, act=act, rows=people, form=form
        )

    @transaction.atomic
    def do(
        self, request: HttpRequest, act: Act, ids: list[str], given: dict[str, Any]
    ) -> None:
        # The verbs about roles lock the admins too, in the same order.
        locked = lock_with_admins(ids)
        by = Actor.of_request(request)
        self.act_on_each(
            request,
            [user for user in locked if user.pk in ids],
            lambda user: act.verb(user_id=user.pk, by=by, **given),
            act.done,
        )

    def back_to(self, people: list[User]) -> HttpResponse:
        if len(people) == 1:
            return redirect("admin:accounts_user_change", people[0].pk)
        return redirect("admin:accounts_user_changelist")


def pictures_of(user: User, *, at: datetime | None = None) -> list[SafeString]:
    """Return charts of the person's last year and this week, in their time zone."""
    now, zone = at or timezone.now(), zone_named(user.timezone)
    first_weekday, day_start = FIRST_WEEKDAY[user.week_start], user.day_start
    last_year = last_days(HEATMAP_DAYS, zone, at=now, day_start=day_start)
    this_week = current_week(first_weekday, zone, at=now, day_start=day_start)
    year, week = focus_by_day(user.pk, last_year), focus_by_day(user.pk, this_week)
    total = hours(sum(day["focusTime"] for day in week))
    columns = [
        Column(
            WEEKDAYS[day["date"].weekday()],
            f"{WEEKDAYS[day['date'].weekday()]} {day['date']}",
            (day["focusTime"] + 30) // 60,
            hours(day["focusTime"]),
        )
        for day in week
    ]
    return [
        heatmap("The last year.", year, first_weekday),
        bars(
            "This week, in minutes.",
            f"{total} of focus by {local_day(now, zone, day_start):%A}; "
            f"days are {zone.key}'s.",
            "Focus",
            columns,
            step=DAY,
        ),
    ]
