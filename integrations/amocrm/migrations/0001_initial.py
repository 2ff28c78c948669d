import crmseg.accounts.secrets
import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
import integrations.amocrm.models.account
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('segments', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='ImportStep',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('entity', models.CharField(max_length=20, unique=True)),
                ('position', models.PositiveSmallIntegerField()),
                ('state', models.CharField(choices=[('waiting', 'Ждёт'), ('running', 'Идёт'), ('done', 'Готово')], default='waiting', max_length=8)),
                ('cursor', models.CharField(blank=True, default='', max_length=1000)),
                ('done', models.PositiveIntegerField(default=0)),
                ('total', models.PositiveIntegerField(blank=True, null=True)),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('went_on_at', models.DateTimeField(blank=True, null=True)),
                ('went_on_from', models.PositiveIntegerField(default=0)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('next_try_at', models.DateTimeField(blank=True, null=True)),
                ('error', models.CharField(blank=True, default='', max_length=500)),
            ],
            options={
                'ordering': ['position'],
            },
        ),
        migrations.CreateModel(
            name='StageEvent',
            fields=[
                ('id', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('deal_amo_id', models.BigIntegerField(db_index=True)),
                ('at', models.DateTimeField()),
                ('was_pipeline', models.BigIntegerField()),
                ('was_status', models.BigIntegerField()),
                ('pipeline', models.BigIntegerField()),
                ('status', models.BigIntegerField()),
                ('by_amo_id', models.BigIntegerField(blank=True, null=True)),
            ],
            options={
                'ordering': ['at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='Account',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('base_url', models.URLField(max_length=300, verbose_name='Адрес аккаунта')),
                ('token', crmseg.accounts.secrets.EncryptedTextField(verbose_name='Долгосрочный токен')),
                ('amo_id', models.BigIntegerField()),
                ('subdomain', models.CharField(blank=True, default='', max_length=100)),
                ('name', models.CharField(blank=True, default='', max_length=300)),
                ('timezone', models.CharField(default='Europe/Moscow', max_length=64)),
                ('task_types', models.JSONField(blank=True, default=dict)),
                ('is_filter_enabled', models.BooleanField(default=True)),
                ('state', models.CharField(choices=[('importing', 'Идёт импорт'), ('connected', 'Подключено'), ('needs_repair', 'Нужно переподключить')], default='importing', max_length=12)),
                ('state_reason', models.CharField(blank=True, default='', max_length=500)),
                ('hook_secret', models.CharField(default=integrations.amocrm.models.account.new_secret, max_length=64)),
                ('hook_url', models.CharField(blank=True, default='', max_length=500)),
                ('consent_field', models.CharField(blank=True, default='', max_length=100)),
                ('breaker_until', models.DateTimeField(blank=True, null=True)),
                ('breaker_reason', models.CharField(blank=True, default='', max_length=500)),
                ('connected_at', models.DateTimeField()),
                ('imported_at', models.DateTimeField(blank=True, null=True)),
                ('history_until', models.DateTimeField(blank=True, null=True)),
                ('pulled_at', models.DateTimeField(blank=True, null=True)),
                ('pull_error', models.CharField(blank=True, default='', max_length=500)),
                ('next_pull_at', models.DateTimeField(blank=True, null=True)),
                ('cursors', models.JSONField(blank=True, default=dict)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='amocrm_one_account')],
            },
        ),
        migrations.CreateModel(
            name='Link',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('entity', models.CharField(choices=[('contact', 'Контакт'), ('company', 'Компания'), ('deal', 'Сделка')], max_length=8)),
                ('amo_id', models.BigIntegerField()),
                ('local_id', models.BigIntegerField()),
                ('base', models.JSONField(default=dict)),
                ('given_tags', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), default=list, size=None)),
                ('remote_updated_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('entity', 'amo_id'), name='link_remote_once'), models.UniqueConstraint(fields=('entity', 'local_id'), name='link_local_once')],
            },
        ),
        migrations.CreateModel(
            name='Push',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('note', 'Примечание'), ('tag', 'Тег'), ('move', 'Перенос по этапам')], max_length=4)),
                ('entity', models.CharField(choices=[('contact', 'Контакт'), ('company', 'Компания'), ('deal', 'Сделка')], max_length=8)),
                ('local_id', models.BigIntegerField()),
                ('payload', models.JSONField(default=dict)),
                ('state', models.CharField(choices=[('planned', 'Ждёт'), ('intent', 'Передаётся'), ('unknown', 'Проверяется'), ('done', 'Передано'), ('parked', 'Отложено')], default='planned', max_length=8)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('next_try_at', models.DateTimeField(blank=True, null=True)),
                ('reason', models.CharField(blank=True, default='', max_length=500)),
                ('cause', models.CharField(max_length=60)),
                ('result_id', models.BigIntegerField(blank=True, null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('intended_at', models.DateTimeField(blank=True, null=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state', 'planned')), fields=['kind', 'id'], name='push_planned'), models.Index(condition=models.Q(('state__in', ['intent', 'unknown'])), fields=['state'], name='push_doubtful'), models.Index(fields=['entity', 'local_id'], name='push_of_row'), models.Index(condition=models.Q(('result_id__isnull', False)), fields=['result_id'], name='push_result')],
                'constraints': [models.UniqueConstraint(fields=('kind', 'cause', 'local_id'), name='push_cause_once'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'parked'), _negated=True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='parked_push_has_reason')],
            },
        ),
        migrations.CreateModel(
            name='SegmentTag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200, unique=True, verbose_name='Тег')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('segment', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='amo_tag', to='segments.segment')),
            ],
        ),
    ]
