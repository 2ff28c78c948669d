import crmseg.web.reasons
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('pipelines', '0001_initial'),
        ('segments', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Campaign',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200, verbose_name='Название')),
                ('channel', models.CharField(choices=[('email', 'Письмо'), ('sms', 'СМС'), ('telegram', 'Telegram'), ('whatsapp', 'WhatsApp'), ('task', 'Задача менеджеру')], default='email', max_length=8, verbose_name='Канал')),
                ('purpose', models.CharField(choices=[('advertising', 'Реклама'), ('service', 'Сервисное сообщение')], default='advertising', max_length=11, verbose_name='Назначение')),
                ('schedule', models.JSONField(blank=True, null=True)),
                ('next_due_at', models.DateTimeField(blank=True, null=True)),
                ('state', models.CharField(choices=[('draft', 'Черновик'), ('scheduled', 'Запланирована'), ('running', 'Идёт'), ('paused', 'На паузе'), ('done', 'Завершена'), ('cancelled', 'Отменена')], default='draft', max_length=9)),
                ('state_reason', models.CharField(blank=True, default='')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('launched_at', models.DateTimeField(blank=True, null=True)),
                ('created_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('exclude_segments', models.ManyToManyField(blank=True, related_name='excluded_by', to='segments.segment')),
                ('segment', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='campaigns', to='segments.segment', verbose_name='Сегмент')),
            ],
            options={
                'ordering': ['-created_at', '-id'],
                'indexes': [
                    models.Index(condition=models.Q(('state', 'scheduled')), fields=['next_due_at'], name='campaign_due'),
                ],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('state', 'draft'), ('state', 'cancelled'), ('segment__isnull', False), _connector='OR'), name='started_campaign_has_segment'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Consent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', models.CharField(max_length=320)),
                ('channel', models.CharField(choices=[('email', 'Письмо'), ('sms', 'СМС'), ('telegram', 'Telegram'), ('whatsapp', 'WhatsApp'), ('task', 'Задача менеджеру')], max_length=8)),
                ('purpose', models.CharField(choices=[('processing', 'обработка данных'), ('advertising', 'реклама')], max_length=11)),
                ('given', models.BooleanField()),
                ('source', models.CharField(max_length=200)),
                ('text_version', models.CharField(blank=True, default='', max_length=100)),
                ('proof', models.JSONField(blank=True, default=dict)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('recorded_at', models.DateTimeField(auto_now_add=True)),
                ('author', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('contact', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='consents', to='pipelines.contact')),
            ],
            options={
                'ordering': ['-at', '-id'],
                'indexes': [
                    models.Index(models.F('address'), models.F('channel'), models.F('purpose'), models.OrderBy(models.F('at'), descending=True), models.OrderBy(models.F('id'), descending=True), name='consent_latest'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Run',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('due_at', models.DateTimeField()),
                ('started_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('state', models.CharField(choices=[('filling', 'Собирается аудитория'), ('running', 'Идёт'), ('paused', 'На паузе'), ('done', 'Завершён'), ('cancelled', 'Отменён')], default='filling', max_length=9)),
                ('templates', models.JSONField(default=dict)),
                ('audience', models.PositiveIntegerField(default=0)),
                ('watched_from', models.DateTimeField(blank=True, null=True)),
                ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='runs', to='campaigns.campaign')),
            ],
            options={
                'ordering': ['-due_at', '-id'],
                'constraints': [
                    models.UniqueConstraint(fields=('campaign', 'due_at'), name='run_due_once'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Step',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField(default=1)),
                ('subject', models.CharField(blank=True, default='', max_length=500, verbose_name='Тема')),
                ('html', models.TextField(blank=True, default='', verbose_name='Текст')),
                ('text', models.TextField(blank=True, default='', verbose_name='Текст без оформления')),
                ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='steps', to='campaigns.campaign')),
            ],
            options={
                'ordering': ['position'],
                'constraints': [
                    models.UniqueConstraint(fields=('campaign', 'position'), name='step_position_once'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Message',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.CharField(choices=[('email', 'Письмо'), ('sms', 'СМС'), ('telegram', 'Telegram'), ('whatsapp', 'WhatsApp'), ('task', 'Задача менеджеру')], max_length=8)),
                ('address', models.CharField(blank=True, default='', max_length=320)),
                ('address_hash', models.CharField(blank=True, default='', max_length=64)),
                ('state', models.CharField(choices=[('planned', 'В очереди'), ('skipped', 'Пропущено'), ('claimed', 'Готовится'), ('handing_over', 'Передаётся'), ('accepted', 'Принято'), ('rejected', 'Отклонено'), ('unknown', 'Неизвестно'), ('delivered', 'Доставлено'), ('bounced', 'Не доставлено'), ('complained', 'Жалоба')], default='planned', max_length=12)),
                ('reason', models.CharField(blank=True, default='', max_length=24)),
                ('why', models.JSONField(blank=True, decoder=crmseg.web.reasons.Decoder, encoder=crmseg.web.reasons.Encoder, null=True)),
                ('detail', models.CharField(blank=True, default='', max_length=1000)),
                ('subject', models.CharField(blank=True, default='', max_length=1000)),
                ('token', models.CharField(max_length=43, unique=True)),
                ('due_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('attempt', models.PositiveSmallIntegerField(default=0)),
                ('worker', models.CharField(blank=True, default='', max_length=100)),
                ('leased_until', models.DateTimeField(blank=True, null=True)),
                ('provider_id', models.CharField(blank=True, default='', max_length=300)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('delivered_at', models.DateTimeField(blank=True, null=True)),
                ('opened_at', models.DateTimeField(blank=True, null=True)),
                ('clicked_at', models.DateTimeField(blank=True, null=True)),
                ('replied_at', models.DateTimeField(blank=True, null=True)),
                ('bounced_at', models.DateTimeField(blank=True, null=True)),
                ('unsubscribed_at', models.DateTimeField(blank=True, null=True)),
                ('contact', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='pipelines.contact')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='campaigns.run')),
                ('step', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='campaigns.step')),
            ],
            options={
                'indexes': [
                    models.Index(condition=models.Q(('state', 'planned')), fields=['due_at', 'id'], name='message_planned'),
                    models.Index(condition=models.Q(('state__in', ['claimed', 'handing_over'])), fields=['leased_until'], name='message_leased'),
                    models.Index(fields=['run', 'state'], name='message_state'),
                    models.Index(fields=['contact', '-created_at'], name='message_of_contact'),
                ],
                'constraints': [
                    models.UniqueConstraint(fields=('run', 'step', 'contact'), name='message_person_once'),
                    models.UniqueConstraint(condition=models.Q(('state', 'skipped'), _negated=True), fields=('run', 'step', 'channel', 'address_hash'), name='message_address_once'),
                    models.CheckConstraint(condition=models.Q(models.Q(('state', 'skipped'), _negated=True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='skipped_message_has_reason'),
                    models.CheckConstraint(condition=models.Q(('state__in', ['planned', 'skipped']), models.Q(('address', ''), _negated=True), _connector='OR'), name='sent_message_has_address'),
                ],
            },
        ),
        migrations.CreateModel(
            name='MessageEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=20)),
                ('at', models.DateTimeField()),
                ('recorded_at', models.DateTimeField(auto_now_add=True)),
                ('data', models.JSONField(default=dict)),
                ('message', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='events', to='campaigns.message')),
            ],
            options={
                'ordering': ['at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='Suppression',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address_hash', models.CharField(max_length=64)),
                ('address_hint', models.CharField(blank=True, default='', max_length=100)),
                ('channel', models.CharField(choices=[('email', 'Письмо'), ('sms', 'СМС'), ('telegram', 'Telegram'), ('whatsapp', 'WhatsApp'), ('task', 'Задача менеджеру')], max_length=8)),
                ('reason', models.CharField(choices=[('unsubscribed', 'отказ от рассылки'), ('bounced', 'адрес не существует'), ('complained', 'жалоба на спам'), ('manual', 'добавлено вручную')], max_length=12)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['-created_at', '-id'],
                'constraints': [models.UniqueConstraint(fields=('channel', 'address_hash'), name='suppression_once')],
            },
        ),
    ]
