from accounts import views
from focusmaster.api.routers import Router

app_name = "accounts"

router = Router()
router.register("auth", views.AccountViewSet, basename="account")
router.register("auth/devices", views.SignInViewSet, basename="device")
router.register("auth/google", views.GoogleViewSet, basename="google")
router.register("gdpr", views.GdprViewSet, basename="gdpr")
router.register("auth", views.EmailChangeViewSet, basename="email-change")
router.register("auth", views.PasswordResetViewSet, basename="password-reset")

urlpatterns = router.urls
