from django.urls import include, path
from rest_framework.routers import DefaultRouter

from benchmarks.yardstick_drf import views

router = DefaultRouter(trailing_slash=False)
router.register("tasks", views.TaskViewSet, basename="task")
router.register("sessions", views.SessionViewSet, basename="session")

urlpatterns = [
    path("api/auth/login", views.LoginView.as_view()),
    path("api/auth/me", views.ProfileView.as_view()),
    path("api/analytics/productivity", views.ProductivityView.as_view()),
    path("api/", include(router.urls)),
]
