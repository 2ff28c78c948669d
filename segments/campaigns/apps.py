from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CampaignsConfig(AppConfig):
    name = "segments.campaigns"
    verbose_name = _("Кампании")

    def ready(self) -> None:
        from crmseg.accounts.policy import may
        from crmseg.web import navigation, reasons

        from . import fields, panels, policy
        from .reasons import WORDS

        reasons.register(WORDS)
        fields.install()
        policy.install()
        panels.install()
        navigation.register(
            navigation.NavItem(
                url_name="campaigns:list",
                label=self.verbose_name,
                icon="send",
                position=20,
                group="audience",
                predicate=lambda request: may(request.user, "campaigns.see"),
            )
        )
