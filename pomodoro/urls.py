from focusmaster.api.routers import Router
from pomodoro import views

app_name = "pomodoro"

router = Router()
router.register("sessions", views.SessionViewSet, basename="session")

urlpatterns = router.urls
