from dataclasses import dataclass

import pytest

from pipelines.models import LossReason, Pipeline, Stage
from tests.factories import LossReasonFactory, PipelineFactory, StageFactory


@dataclass
class Track:
    """A pipeline as a cottage builder has it, short."""

    pipeline: Pipeline
    unsorted: Stage
    contact: Stage
    quote: Stage
    payment: Stage
    won: Stage
    lost: Stage
    expensive: LossReason

    @property
    def stages(self) -> list[Stage]:
        return [self.unsorted, self.contact, self.quote, self.payment, self.won, self.lost]


def lay_track() -> Track:
    pipeline = PipelineFactory()
    kinds = Stage.Kind

    def stage(name: str, position: int, kind: Stage.Kind = kinds.OPEN, max_days: int | None = None) -> Stage:
        return StageFactory.build(pipeline=pipeline, name=name, position=position, kind=kind, max_days=max_days)

    stages = [
        stage("Неразобранное", 10, kinds.INCOMING),
        stage("Первичный контакт", 20, max_days=2),
        stage("Расчёт отправлен", 30, max_days=7),
        stage("Оплата", 40),
        stage("Успешно реализовано", 5, kinds.WON),  # a position that lies: won and lost stand at the end
        stage("Закрыто и не реализовано", 6, kinds.LOST),
    ]
    return Track(pipeline, *Stage.objects.bulk_create(stages), LossReasonFactory())


@pytest.fixture
def track(db):
    return lay_track()
