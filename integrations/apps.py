from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IntegrationsConfig(AppConfig):
    name = "integrations"
    verbose_name = _("Внешние системы")

    def ready(self) -> None:
        from crmseg.web import reasons

        from .reasons import WORDS

        reasons.register(WORDS)
