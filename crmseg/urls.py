from django.urls import URLPattern, URLResolver, include, path

handler400 = "crmseg.web.errors.bad_request"
handler403 = "crmseg.web.errors.forbidden"
handler404 = "crmseg.web.errors.not_found"
handler500 = "crmseg.web.errors.failure"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("crmseg.web.urls")),
    path("", include("crmseg.accounts.urls")),
    path("deals/", include("pipelines.urls.deals")),
    path("settings/amocrm/", include("integrations.amocrm.urls")),
]
