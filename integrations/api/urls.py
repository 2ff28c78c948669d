from django.urls import path
from rest_framework.routers import SimpleRouter

from .contacts import CompanyViewSet, ContactViewSet
from .deals import DealViewSet
from .problems import NoSuchResource
from .segments import SegmentViewSet

app_name = "api"

router = SimpleRouter()
router.register("contacts", ContactViewSet, basename="contact")
router.register("companies", CompanyViewSet, basename="company")
router.register("deals", DealViewSet, basename="deal")
router.register("segments", SegmentViewSet, basename="segment")

urlpatterns = [*router.urls, path("<path:address>", NoSuchResource.as_view())]
