from django.apps import AppConfig


class AmocrmConfig(AppConfig):
    name = "integrations.amocrm"
    label = "amocrm"
    verbose_name = "amoCRM"

    def ready(self) -> None:
        from . import consent, policy

        consent.install()
        policy.install()
