from django.urls import path

from pipelines.views import contacts

app_name = "contacts"
urlpatterns = [
    path("", contacts.contact_list, name="list"),
    path("<int:pk>/", contacts.contact_detail, name="detail"),
]
