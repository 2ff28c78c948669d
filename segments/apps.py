from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SegmentsConfig(AppConfig):
    name = "segments"
    verbose_name = _("Сегменты")

    def ready(self) -> None:
        from crmseg.accounts.policy import may
        from crmseg.web import navigation
        from pipelines import timeline as feed

        from . import panels, policy, timeline

        policy.install()
        panels.install()
        feed.register(timeline.stays)
        navigation.register(
            navigation.NavItem(
                "segments:list",
                self.verbose_name,
                "target-arrow",
                position=10,
                group="audience",
                predicate=lambda request: may(request.user, "segments.see"),
                is_tab=True,
            )
        )
