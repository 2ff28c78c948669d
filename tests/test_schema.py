"""The database holds what the models promise: a migration may drop more than it was asked to."""

import pytest
from django.apps import apps
from django.db import connection

OURS = ("accounts", "pipelines", "segments", "campaigns", "integrations", "amocrm")
MODELS = [model for app in OURS for model in apps.get_app_config(app).get_models()]


@pytest.mark.django_db
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_every_constraint_and_index_of_a_model_is_in_the_database(model):
    promised = {each.name for each in (*model._meta.constraints, *model._meta.indexes)}
    with connection.cursor() as cursor:
        assert promised <= set(connection.introspection.get_constraints(cursor, model._meta.db_table))
