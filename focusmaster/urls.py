"""Every URL of the service; each app brings its own."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path

from focusmaster.api.routers import Router
from focusmaster.views import DocsView, HealthViewSet, SchemaView

service = Router()
service.register("health", HealthViewSet, basename="health")

# Django tries one after the other: what clients ask most comes first.
api: list[URLPattern | URLResolver] = [
    path("", include("kanban.urls")),
    path("", include("pomodoro.urls")),
    path("", include("analytics.urls")),
    path("", include("accounts.urls")),
    path("", include("timeclock.urls")),
    path("", include("integrations.urls")),
    path("", include("moderation.urls")),
    path("", include((service.urls, "service"))),
    re_path(r"^schema/?$", SchemaView.as_view(), name="schema"),
    re_path(r"^docs/?$", DocsView.as_view(), name="docs"),
]

urlpatterns = [
    path("api/", include(api)),
    path("admin/", admin.site.urls),
]

handler400 = "focusmaster.api.errors.bad_request"
handler403 = "focusmaster.api.errors.permission_denied"
handler404 = "focusmaster.api.errors.page_not_found"
handler500 = "focusmaster.api.errors.server_error"
