from accounts import views
from focusmaster.routers import Router

app_name = "accounts"

router = Router()
router.register("auth/devices", views.SignInViewSet, basename="device")
router.register("auth", views.AccountViewSet, basename="account")

urlpatterns = router.urls
