from focusmaster.api.routers import Router
from moderation import views

app_name = "moderation"

router = Router()
router.register("feedback", views.FeedbackViewSet, basename="feedback")
router.register("admin/users", views.PeopleViewSet, basename="person")
router.register("admin/audit-logs", views.AuditLogViewSet, basename="audit-log")
router.register("admin/audit", views.AuditViewSet, basename="audit")
router.register(
    r"admin/audit-logs\.csv", views.AuditLogTableViewSet, basename="audit-log-table"
)
router.register(r"admin/audit\.csv", views.AuditTableViewSet, basename="audit-table")
router.register("admin/feedback", views.FeedbackBoardViewSet, basename="board")
router.register("admin", views.ServiceViewSet, basename="service")

urlpatterns = router.urls
