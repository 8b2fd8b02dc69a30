from focusmaster.api.routers import Router
from timeclock import views

app_name = "timeclock"

router = Router()
router.register("clock", views.ClockViewSet, basename="clock")
router.register("clock/logs", views.WorkLogViewSet, basename="work-log")
router.register(r"clock/logs\.csv", views.WorkLogTableViewSet, basename="work-table")

urlpatterns = router.urls
