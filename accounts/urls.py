from django.urls import include, path

from accounts import views
from focusmaster.api.routers import Router

app_name = "accounts"

router = Router()
router.register("", views.AccountViewSet, basename="account")
router.register("devices", views.SignInViewSet, basename="device")
router.register("google", views.GoogleViewSet, basename="google")
router.register("", views.EmailChangeViewSet, basename="email-change")
router.register("", views.PasswordResetViewSet, basename="password-reset")

gdpr_router = Router()
gdpr_router.register("", views.GdprViewSet, basename="gdpr")

# Prefixes that Django tries once, not with each pattern of the routers.
urlpatterns = [
    path("auth/", include(router.urls)),
    path("gdpr/", include(gdpr_router.urls)),
]
