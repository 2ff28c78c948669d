from django.apps import AppConfig


class AmocrmConfig(AppConfig):
    name = "integrations.amocrm"
    verbose_name = "amoCRM"
