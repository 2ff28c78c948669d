import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('pipelines', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Segment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200, verbose_name='Название')),
                ('description', models.TextField(blank=True, default='', verbose_name='Описание')),
                ('kind', models.CharField(choices=[('dynamic', 'Динамический'), ('static', 'Ручной'), ('snapshot', 'Снимок')], default='dynamic', max_length=8)),
                ('rules', models.JSONField(blank=True, null=True)),
                ('ready_key', models.CharField(blank=True, max_length=60, null=True, unique=True)),
                ('size', models.PositiveIntegerField(default=0)),
                ('refreshed_at', models.DateTimeField(blank=True, null=True)),
                ('is_paused', models.BooleanField(default=False)),
                ('paused_until', models.DateTimeField(blank=True, null=True)),
                ('health', models.CharField(choices=[('ok', 'В порядке'), ('empty', 'Пустой'), ('broken', 'Сломан'), ('heavy', 'Тяжёлый'), ('jumped', 'Резко изменился')], default='ok', max_length=8)),
                ('health_reason', models.CharField(blank=True, default='', max_length=500)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('deleted_at', models.DateTimeField(blank=True, null=True)),
                ('owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['name', 'id'],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(models.Q(('kind', 'dynamic'), _negated=True), ('rules__isnull', False), _connector='OR'), name='dynamic_segment_has_rules'),
                    models.UniqueConstraint(condition=models.Q(('deleted_at__isnull', True)), fields=('name',), name='segment_name_once'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('entered_at', models.DateTimeField()),
                ('left_at', models.DateTimeField(blank=True, null=True)),
                ('cause', models.CharField(choices=[('rule', 'по условиям'), ('first', 'при создании сегмента'), ('edit', 'после изменения условий'), ('manual', 'вручную'), ('deleted', 'контакт удалён')], default='rule', max_length=8)),
                ('left_cause', models.CharField(blank=True, choices=[('rule', 'по условиям'), ('first', 'при создании сегмента'), ('edit', 'после изменения условий'), ('manual', 'вручную'), ('deleted', 'контакт удалён')], default='', max_length=8)),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('contact', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='pipelines.contact')),
                ('segment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='segments.segment')),
            ],
            options={
                'indexes': [
                    models.Index(fields=['contact', 'segment'], name='membership_of_contact'),
                    models.Index(fields=['segment', '-entered_at', '-id'], name='membership_of_segment'),
                    models.Index(condition=models.Q(('left_at__isnull', False)), fields=['segment', '-left_at', '-id'], name='membership_left'),
                ],
                'constraints': [
                    models.UniqueConstraint(condition=models.Q(('left_at__isnull', True)), fields=('segment', 'contact'), name='membership_one_open'),
                    models.CheckConstraint(condition=models.Q(('left_at__isnull', True), ('left_at__gte', models.F('entered_at')), _connector='OR'), name='membership_leaves_after_entering'),
                ],
            },
        ),
    ]
