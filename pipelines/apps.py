from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PipelinesConfig(AppConfig):
    name = "pipelines"
    verbose_name = _("Сделки и контакты")

    def ready(self) -> None:
        from crmseg.accounts.policy import may
        from crmseg.web import navigation

        from . import policy, timeline

        policy.install()
        timeline.install()
        navigation.register(
            navigation.NavItem(
                url_name="deals:board",
                label=_("Сделки"),
                icon="layout-kanban",
                position=10,
                predicate=lambda request: may(request.user, "deals.see"),
                is_tab=True,
            )
        )
