"""The feedback board: status and note of feedback, and replies by mail."""

from __future__ import annotations

from smtplib import SMTPRecipientsRefused
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Lower
from django.shortcuts import redirect
from django.urls import path
from django.utils.html import format_html, format_html_join
from django.utils.text import Truncator

from accounts import mail
from accounts.admin import MOST_PEOPLE, OfPerson, ids_found_by, link_to
from accounts.admin_site import ReadOnly, outside_transaction
from accounts.exceptions import MailNotConfigured
from accounts.user_agents import device_name
from moderation.actors import Actor
from moderation.admin.forms import ReplyForm, TriageForm
from moderation.admin.pages import ActingPages
from moderation.exceptions import AddressRefused, NoAddress
from moderation.models import Feedback, FeedbackReply
from moderation.models.feedback import OPEN

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest, HttpResponse

Status = Feedback.Status

# Labels of what the client sends about the device.
OF_DEVICE = {"platform": "Platform", "screenSize": "Screen", "userAgent": "In full"}


class ToDoFilter(admin.SimpleListFilter):
    title = "to do"
    parameter_name = "to_do"

    def lookups(self, request, model_admin) -> list[tuple[str, str]]:
        return [("open", "Open"), *Status.choices]

    def queryset(self, request, queryset) -> QuerySet:
        if self.value() == "open":
            return queryset.filter(status__in=OPEN)
        if self.value() in Status.values:
            return queryset.filter(status=self.value())
        return queryset


class ReplyInline(ReadOnly, admin.TabularInline):
    model = FeedbackReply
    fields = ["created_at", "author", "message", "sent"]
    readonly_fields = ["created_at", "author", "message", "sent"]
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("author")

    @admin.display(description="sent")
    def sent(self, reply: FeedbackReply) -> datetime | str:
        return reply.sent_at or "Not sent. “Reply by mail” offers it again."


@admin.register(Feedback)
class FeedbackAdmin(ActingPages, OfPerson):
    """Feedback, of which staff change the status and the note."""

    actions = ["mark_in_progress", "mark_resolved", "mark_closed"]
    change_form_template = "moderation/feedback.html"
    form = TriageForm
    inlines = [ReplyInline]
    list_display = ["excerpt", "created_at", "type", "status", "sender"]
    list_filter = [ToDoFilter, "type"]
    ordering = ["-created_at", "-id"]
    readonly_fields = ["message_in_full", "type", "category", "sender", "device"]
    readonly_fields += ["created_at", "updated_at"]
    fields = ["message_in_full", "type", "category", "sender", "device", "created_at"]
    fields += ["updated_at", "status", "note"]
    search_fields = ["user", "email"]
    search_help_text = f"{OfPerson.search_help_text}; or a whole address"

    def has_change_permission(self, request, obj=None) -> bool:
        return self.has_view_permission(request, obj)

    def get_search_results(self, request, queryset, search_term):
        text = search_term.strip()
        if not text:
            return queryset, False
        theirs = Q(email_key=Lower(Value(text)), user=None) & ~Q(email="")
        found = queryset.alias(email_key=Lower("email"))
        ids = ids_found_by(text, MOST_PEOPLE)
        return found.filter(Q(user__in=ids) | theirs), False

    @admin.display(description="message")
    def excerpt(self, row: Feedback) -> str:
        return Truncator(row.message).chars(80)

    @admin.display(description="message")
    def message_in_full(self, row: Feedback) -> str:
        return format_html('<div class="message-text">{}</div>', row.message)

    @admin.display(description="from")
    def sender(self, row: Feedback) -> str:
        if row.user is None:
            return row.email or "somebody without an account"
        if row.email in ("", row.user.email):
            return link_to(row.user)
        return format_html("{} (reply to {})", link_to(row.user), row.email)

    @admin.display(description="device")
    def device(self, row: Feedback) -> str:
        sent = row.device_info or {}
        name = device_name(sent.get("userAgent", "")) if sent.get("userAgent") else ""
        lines = [("Device", name)]
        lines += [(label, sent.get(key, "")) for key, label in OF_DEVICE.items()]
        lines = [line for line in lines if line[1]]
        if not lines:
            return "not told"
        return format_html_join("", "<div>{}: {}</div>", lines)

    # Acts

    def save_model(self, request, obj, form, change) -> None:
        by = Actor.of_request(request)
        if "status" in form.changed_data:
            Feedback.objects.change_status(obj.pk, obj.status, by=by)
        if "note" in form.changed_data:
            Feedback.objects.change_note(obj.pk, obj.note, by=by)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Add nothing: the audit entries of the verbs have more."""

    def mark(self, request: HttpRequest, queryset: QuerySet, status: str) -> None:
        ids = [row.pk for row in self.few(request, queryset)]
        if not ids:
            return
        by = Actor.of_request(request)
        with transaction.atomic():
            rows = Feedback.objects.filter(pk__in=ids).order_by("pk")
            locked = list(rows.select_for_update())
            self.act_on_each(
                request,
                locked,
                lambda row: Feedback.objects.change_status(row.pk, status, by=by),
                f"Now {status}: {{count}}.",
            )

    @admin.action(description="Mark in progress", permissions=["change"])
    def mark_in_progress(self, request: HttpRequest, queryset: QuerySet) -> None:
        self.mark(request, queryset, Status.IN_PROGRESS)

    @admin.action(description="Mark resolved", permissions=["change"])
    def mark_resolved(self, request: HttpRequest, queryset: QuerySet) -> None:
        self.mark(request, queryset, Status.RESOLVED)

    @admin.action(description="Mark closed", permissions=["change"])
    def mark_closed(self, request: HttpRequest, queryset: QuerySet) -> None:
        self.mark(request, queryset, Status.CLOSED)

    def get_urls(self) -> list:
        reply = self.admin_site.admin_view(self.reply)
        own = path("<object_id>/reply/", reply, name="moderation_feedback_reply")
        return [own, *super().get_urls()]

    @outside_transaction
    def reply(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the form of a reply, and mail it. After a failure, the form is shown.

        A reply that was not sent is in the form, to be sent again.
        """
        row = self.row(request, object_id)
        unsent = row.replies.unsent().last()
        form = ReplyForm(
            request.POST if request.method == "POST" else None,
            initial={"message": unsent.message} if unsent else None,
        )
        if request.method == "POST" and form.is_valid():
            try:
                Feedback.objects.reply(
                    row.pk, form.cleaned_data["message"], by=Actor.of_request(request)
                )
            except (NoAddress, MailNotConfigured) as exc:
                form.add_error(None, str(exc))
            except SMTPRecipientsRefused:
                form.add_error(None, AddressRefused.message)
            except OSError as exc:
                mail.log_failure(exc)
                form.add_error(None, "The mail could not be sent. Try again later.")
            else:
                self.message_user(request, "The reply was sent.", messages.SUCCESS)
                return redirect("admin:moderation_feedback_change", row.pk)
        return self.page(
            request, "moderation/reply.html", "Reply by mail", original=row, form=form
        )
