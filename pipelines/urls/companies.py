from django.urls import path

from pipelines.views import companies

app_name = "companies"
urlpatterns = [
    path("", companies.company_list, name="list"),
    path("<int:pk>/", companies.company_detail, name="detail"),
]
