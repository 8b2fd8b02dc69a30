"""Staff's pages about users, their sign-ins, failed sign-ins and consents."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.auth.admin import Group  # type: ignore[attr-defined]  # registers it
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.views.decorators.http import require_POST

from accounts.admin_site import (
    ReadOnly,
    ReadOnlyAdmin,
    SpanningQuerySet,
    url_kwargs,
)
from accounts.google.admin import LinkedAccountInline
from accounts.models import SETTING_LIMITS, Consent, FailedSignIn, SignIn, User
from accounts.models.failed_sign_ins import digest_of
from accounts.staff_sessions import end_staff_sessions
from focusmaster.db.fields import OBJECT_ID, MalformedId
from focusmaster.personal_data import (
    PersonalDataEntry,
    bring_up_to_date,
    personal_data_entries,
)

if TYPE_CHECKING:
    from accounts.models.user_queries import UserQuerySet

# Roles decide what a user may do; there are no groups. The import registers the page.
admin.site.unregister(Group)

# Sign-ins that are shown with a user, and rows of each kind that are counted.
SHOWN = 50
COUNTED = 1000

# Users whose rows a search looks for: more than anybody reads, and few enough for a
# beginning that many names have.
MOST_PEOPLE = 100


def link_to(user: User) -> str:
    url = reverse("admin:accounts_user_change", args=[user.pk])
    return format_html('<a href="{}">{}</a>', url, user)


def found_by(text: str, users: UserQuerySet) -> UserQuerySet:
    """Keep whose email or name begins so, or who is called so in logs and errors."""
    name = text.strip()
    if OBJECT_ID.fullmatch(name) and (named := users.named_in_logs(name)):
        return named
    return users.beginning_with(text)


def ids_found_by(text: str, most: int) -> list[str]:
    """Return the ids of the newest users whom a search finds; 1 to 4 queries."""
    people = found_by(text, User.objects.all()).order_by("-pk")
    return list(people.values_list("pk", flat=True)[:most])


def lock(user_ids: Iterable[str]) -> None:
    """Lock these users' rows before an action on them; one query.

    A concurrent ban of one of them then waits here. Without the lock it would wait
    between the action and its audit entry, which locks the audit log for everybody.
    """
    User.objects.filter(pk__in=set(user_ids)).lock()


def is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


class OfPerson(ReadOnlyAdmin):
    """Rows of users, searched by the user whose they are."""

    list_select_related = ["user"]
    search_fields = ["user"]
    search_help_text = (
        "How the person's email or name begins, or their id in a log; "
        f"looks among the newest {MOST_PEOPLE} such people"
    )

    @admin.display(description="person")
    def person(self, row: Any) -> str:
        return link_to(row.user) if row.user else "nobody known"

    def get_search_results(self, request, queryset, search_term):
        if not search_term.strip():
            return queryset, False
        ids = ids_found_by(search_term, MOST_PEOPLE)
        return queryset.filter(user__in=ids), False


class SignInInline(ReadOnly, admin.TabularInline):
    """Where the user is signed in, each with a button that ends it."""

    model = SignIn
    verbose_name_plural = f"signed in on (the newest {SHOWN})"
    fields = readonly_fields = ("end", "ip_address", "last_used_at", "expires_at")
    ordering = ["-id"]
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        shown = super().get_queryset(request)
        mine = SignIn.objects.filter(user_id=url_kwargs(request)["object_id"])
        newest = mine.live().order_by("-id").values("pk")[:SHOWN]
        return shown.filter(pk__in=newest)

    @admin.display(description="")
    def end(self, sign_in: SignIn) -> str:
        url = reverse("admin:accounts_user_sign_out", args=[sign_in.user_id])
        return format_html(
            '<button class="button" style="padding: 8px 12px" formaction="{}" '
            'name="sign_in" value="{}">Sign out</button>',
            url,
            sign_in.pk,
        )


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    """Users, to be found, looked at and signed out."""

    actions = ["sign_out_selected"]
    inlines = [SignInInline, LinkedAccountInline]
    list_display = ["__str__", "name", "role", "status", "points", "created_at"]
    list_filter = ["role", "status", "is_guest"]
    search_fields = ["email", "name"]
    search_help_text = "How the email or the name begins, or the id in a log"
    list_select_related = ["progress"]
    readonly_fields = ["points", "badges", "focus_count", "focus_time", "rows_held"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "email",
                    "name",
                    "picture",
                    "role",
                    "status",
                    "ban_reason",
                    "banned_until",
                    "is_guest",
                    "created_at",
                    "updated_at",
                ]
            },
        ),
        (
            "Activity",
            {"fields": ["points", "badges", "focus_count", "focus_time", "rows_held"]},
        ),
        (
            "Settings",
            {
                "classes": ["collapse"],
                "fields": [
                    "theme",
                    *SETTING_LIMITS,
                    "auto_start_session",
                    "auto_start_break",
                    "strict_mode",
                    "spotify_autoplay",
                    "motivational_quotes",
                    "sound_enabled",
                    "timezone",
                    "week_start",
                ],
            },
        ),
    ]

    def get_search_results(self, request, queryset, search_term):
        if not search_term.strip():
            return queryset, False
        return found_by(search_term, queryset), False

    @admin.display(ordering="progress__points")
    def points(self, user: User) -> int:
        return user.progress.points

    @admin.display
    def badges(self, user: User) -> str:
        bring_up_to_date(user)
        user.progress.refresh_from_db()
        return ", ".join(user.progress.badges) or "-"

    @admin.display(description="focus count")
    def focus_count(self, user: User) -> int:
        return user.progress.focus_count

    @admin.display(description="focus time")
    def focus_time(self, user: User) -> str:
        hours, rest = divmod(user.progress.focus_seconds, 3600)
        return f"{hours} h {rest // 60} min"

    @admin.display(description="rows held")
    def rows_held(self, user: User) -> str:
        """Tell how many rows of each kind there are, up to COUNTED."""
        counts = (
            (name_of(one), counted(one.rows(user.pk)))
            for one in personal_data_entries()
            if one.model is not User
        )
        return format_html_join(
            "", "<div>{}: {}</div>", (count for count in counts if count[1] != "0")
        )

    def has_sign_out_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    @admin.action(description="Sign out everywhere", permissions=["sign_out"])
    def sign_out_selected(self, request: HttpRequest, queryset: QuerySet) -> None:
        if people := self.few(request, queryset):
            self.sign_out_everywhere(request, people)
            done = f"Signed out {len(people)} everywhere."
            self.message_user(request, done, messages.SUCCESS)

    def sign_out_everywhere(self, request: HttpRequest, people: list[User]) -> str:
        lock(user.pk for user in people)
        SignIn.objects.filter(user__in=people).revoke()
        end_staff_sessions(*people)
        done = "Signed out everywhere."
        for user in people:
            self.log_change(request, user, done)
        return done

    def sign_out_device(self, request: HttpRequest, user: User, sign_in: str) -> str:
        try:
            ended = user.sign_ins.get(pk=sign_in)
        except (SignIn.DoesNotExist, MalformedId):
            raise Http404 from None
        lock([user.pk])
        user.sign_ins.filter(pk=ended.pk).revoke()
        done = f"Signed out on {ended.device}."
        self.log_change(request, user, done)
        return done

    def get_urls(self) -> list:
        sign_out = require_POST(self.admin_site.admin_view(self.sign_out))
        named = self.admin_site.admin_view(self.named)
        own = [
            path("<object_id>/sign-out/", sign_out, name="accounts_user_sign_out"),
            path("named/<name>/", named, name="accounts_user_named"),
        ]
        return [*own, *super().get_urls()]

    def named(self, request: HttpRequest, name: str) -> HttpResponse:
        """Redirect to the page of whom logs and errors call so."""
        user = User.objects.named_in_logs(name).first()
        return redirect("admin:accounts_user_change", user.pk if user else name)

    def sign_out(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Sign a user out on one device, or everywhere if none is named."""
        if not self.has_sign_out_permission(request):
            raise Http404
        user = self.get_object(request, object_id)
        if user is None:
            raise Http404
        if sign_in := request.POST.get("sign_in"):
            done = self.sign_out_device(request, user, sign_in)
        else:
            done = self.sign_out_everywhere(request, [user])
        self.message_user(request, done, messages.SUCCESS)
        return redirect("admin:accounts_user_change", object_id)


def name_of(entry: PersonalDataEntry) -> str:
    """Name the rows, with their relation to the user if that is not `user`."""
    name = str(entry.model._meta.verbose_name_plural)
    return name if entry.path == "user" else f"{name} ({entry.path})"


def counted(rows: QuerySet) -> str:
    count = rows[: COUNTED + 1].count()
    return str(count) if count <= COUNTED else f"more than {COUNTED}"


class LiveFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request, model_admin) -> list[tuple[str, str]]:
        return [("live", "Signed in"), ("ended", "Ended")]

    def queryset(self, request, queryset) -> QuerySet:
        if self.value() == "live":
            return queryset.live()
        if self.value() == "ended":
            return queryset.ended()
        return queryset


@admin.register(SignIn)
class SignInAdmin(OfPerson):
    actions = ["revoke_selected"]
    list_display = [
        "created_at",
        "person",
        "device",
        "ip_address",
        "last_used_at",
        "is_live",
    ]
    list_filter = [LiveFilter]

    @admin.display(description="signed in", boolean=True)
    def is_live(self, sign_in: SignIn) -> bool:
        return sign_in.revoked_at is None and sign_in.expires_at > timezone.now()

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    @admin.action(description="End selected sign-ins", permissions=["revoke"])
    def revoke_selected(self, request: HttpRequest, queryset: QuerySet) -> None:
        if not (rows := self.few(request, queryset)):
            return
        lock(row.user_id for row in rows)
        live = SignIn.objects.filter(pk__in=[row.pk for row in rows]).live()
        ended = list(live.select_related("user"))
        live.revoke()
        for row in ended:
            self.log_change(request, row, f"Ended on {row.device}.")
        self.message_user(request, f"Ended {len(ended)} sign-in(s).", messages.SUCCESS)


class KnownFilter(admin.SimpleListFilter):
    title = "account"
    parameter_name = "account"

    def lookups(self, request, model_admin) -> list[tuple[str, str]]:
        return [("known", "Somebody's"), ("unknown", "Nobody's")]

    def queryset(self, request, queryset) -> QuerySet:
        if self.value() in ("known", "unknown"):
            return queryset.filter(user__isnull=self.value() == "unknown")
        return queryset


@admin.register(FailedSignIn)
class FailedSignInAdmin(OfPerson):
    date_hierarchy = "created_at"
    list_display = ["created_at", "person", "where", "address", "device"]
    list_filter = ["where", KnownFilter]
    ordering = ["-created_at", "-id"]
    search_fields = ["ip_address", "name_digest"]
    search_help_text = "A whole email, a whole mark, or an IP address"

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return SpanningQuerySet(FailedSignIn).order_by(*self.ordering)

    @admin.display(description="person")
    def person(self, failed: FailedSignIn) -> str:
        """Link to the user, or else to all attempts with the same name."""
        if failed.user:
            return link_to(failed.user)
        mark = failed.name_digest
        return format_html('unknown <a href="?q={0}">{0}</a>', mark)

    @admin.display(description="IP address")
    def address(self, failed: FailedSignIn) -> str:
        """Link to all attempts from the same address."""
        return format_html('<a href="?q={0}">{0}</a>', failed.ip_address or "")

    def get_search_results(self, request, queryset, search_term):
        """Search by columns that have an index; also by an email that nobody has."""
        text = search_term.strip()
        if not text:
            return queryset, False
        if is_address(text):
            return queryset.filter(ip_address=text), False
        return queryset.filter(name_digest__in=[text, digest_of(text)]), False


@admin.register(Consent)
class ConsentAdmin(OfPerson):
    list_display = [
        "created_at",
        "person",
        "essential",
        "analytics",
        "marketing",
        "ip_address",
    ]
    list_filter = ["analytics", "marketing"]
