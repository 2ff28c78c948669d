import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.comparison
import django.db.models.functions.datetime
import django.utils.timezone
import pipelines.models.change
import pipelines.models.grams
import pipelines.models.mirrored
from django.conf import settings
from django.db import migrations, models


# Every three letters in a row, hashed; a dozen in one expression, since a step of the loop costs more than a gram. What
# is reckoned past the end of the text is cut off. Only what lies in pg_catalog is named: an index is also built where
# no other schema can be seen.
DOZEN = ", ".join(f"hashtext(substr(piece, {place}, 3))" for place in range(1, 13))
GRAMS = f"""
CREATE FUNCTION pipelines_grams(given text) RETURNS integer[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    grams integer[] := '{{}}';
    piece text;
BEGIN
    FOR dozen IN 0 .. (length(given) - 3) / 12 LOOP
        piece := substr(given, dozen * 12 + 1, 14);
        grams := grams || ARRAY[{DOZEN}];
    END LOOP;
    RETURN grams[1 : length(given) - 2];
END
$$
"""


# Figures on every gram would make ANALYZE cut all names once more, and the planner needs none to choose these indexes.
NO_FIGURES = "ALTER INDEX {} ALTER COLUMN 1 SET STATISTICS 0"


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(GRAMS, "DROP FUNCTION pipelines_grams"),
        migrations.CreateModel(
            name='ChangeReader',
            fields=[
                ('name', models.CharField(max_length=60, primary_key=True, serialize=False)),
                ('xid', models.BigIntegerField(default=0)),
                ('change_id', models.BigIntegerField(default=0)),
                ('updated_at', models.DateTimeField(auto_now=True)),
            ],
        ),
        migrations.CreateModel(
            name='LossReason',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200, verbose_name='Причина отказа')),
                ('position', models.IntegerField(default=0)),
                ('amo_id', models.BigIntegerField(blank=True, null=True, unique=True)),
                ('deleted_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['position', 'id'],
            },
        ),
        migrations.CreateModel(
            name='Company',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('amo_id', models.BigIntegerField(blank=True, null=True, unique=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('updated_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('deleted_at', models.DateTimeField(blank=True, null=True)),
                ('sync_state', models.CharField(choices=[('synced', 'Передано в amoCRM'), ('waiting', 'Ждёт передачи в amoCRM'), ('refused', 'Не передано в amoCRM')], default='synced', max_length=8)),
                ('sync_reason', models.CharField(blank=True, default='', max_length=500)),
                ('name', models.CharField(blank=True, default='', max_length=500, verbose_name='Название')),
                ('name_key', models.GeneratedField(db_persist=True, expression=pipelines.models.mirrored.Fold('name'), output_field=models.TextField(db_collation='C'))),
                ('tags', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), blank=True, default=list, size=None)),
                ('custom', models.JSONField(blank=True, default=dict)),
                ('lifecycle', models.CharField(choices=[('new', 'Новый'), ('in_work', 'В работе'), ('refused', 'Отказник'), ('low_quality', 'Некачественный'), ('buyer_one_off', 'Разовый покупатель'), ('buyer_periodic', 'Периодический покупатель'), ('buyer_regular', 'Постоянный покупатель'), ('vip', 'VIP')], default='new', max_length=16)),
                ('responsible', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='Ответственный')),
            ],
            options={
                'indexes': [
                    models.Index(fields=['changed_at', 'id'], name='company_changed'),
                    models.Index(fields=['name_key', 'id'], name='company_name_key'),
                    models.Index(fields=['responsible', 'id'], name='company_responsible'),
                    django.contrib.postgres.indexes.GinIndex(fields=['tags'], name='company_tags'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Contact',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('amo_id', models.BigIntegerField(blank=True, null=True, unique=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('updated_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('deleted_at', models.DateTimeField(blank=True, null=True)),
                ('sync_state', models.CharField(choices=[('synced', 'Передано в amoCRM'), ('waiting', 'Ждёт передачи в amoCRM'), ('refused', 'Не передано в amoCRM')], default='synced', max_length=8)),
                ('sync_reason', models.CharField(blank=True, default='', max_length=500)),
                ('name', models.CharField(blank=True, default='', max_length=500, verbose_name='Название')),
                ('name_key', models.GeneratedField(db_persist=True, expression=pipelines.models.mirrored.Fold('name'), output_field=models.TextField(db_collation='C'))),
                ('tags', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), blank=True, default=list, size=None)),
                ('custom', models.JSONField(blank=True, default=dict)),
                ('lifecycle', models.CharField(choices=[('new', 'Новый'), ('in_work', 'В работе'), ('refused', 'Отказник'), ('low_quality', 'Некачественный'), ('buyer_one_off', 'Разовый покупатель'), ('buyer_periodic', 'Периодический покупатель'), ('buyer_regular', 'Постоянный покупатель'), ('vip', 'VIP')], default='new', max_length=16)),
                ('first_name', models.CharField(blank=True, default='', max_length=250, verbose_name='Имя')),
                ('last_name', models.CharField(blank=True, default='', max_length=250, verbose_name='Фамилия')),
                ('source', models.CharField(blank=True, default='', max_length=200, verbose_name='Источник')),
                ('rfm_recency', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('rfm_frequency', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('rfm_monetary', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('company', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='contacts', to='pipelines.company')),
                ('responsible', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='Ответственный')),
            ],
            options={
                'indexes': [
                    models.Index(fields=['changed_at', 'id'], name='contact_changed'),
                    models.Index(fields=['name_key', 'id'], name='contact_name_key'),
                    models.Index(fields=['responsible', 'id'], name='contact_responsible'),
                    models.Index(fields=['lifecycle', 'id'], name='contact_lifecycle'),
                    django.contrib.postgres.indexes.GinIndex(fields=['tags'], name='contact_tags'),
                    django.contrib.postgres.indexes.GinIndex(fields=['custom'], name='contact_custom', opclasses=['jsonb_path_ops']),
                ],
            },
        ),
        migrations.CreateModel(
            name='ContactPoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('email', 'Почта'), ('phone', 'Телефон')], max_length=5)),
                ('value', models.CharField(max_length=320)),
                ('raw', models.CharField(max_length=500)),
                ('label', models.CharField(blank=True, default='', max_length=20)),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('is_valid', models.BooleanField(default=True)),
                ('company', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='points', to='pipelines.company')),
                ('contact', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='points', to='pipelines.contact')),
            ],
            options={
                'ordering': ['position', 'id'],
                'indexes': [
                    models.Index(fields=['kind', 'value'], name='point_value'),
                ],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(models.Q(('company__isnull', True), ('contact__isnull', False)), models.Q(('company__isnull', False), ('contact__isnull', True)), _connector='OR'), name='point_has_one_owner'),
                    models.UniqueConstraint(condition=models.Q(('contact__isnull', False)), fields=('contact', 'kind', 'value'), name='contact_point_once'),
                    models.UniqueConstraint(condition=models.Q(('company__isnull', False)), fields=('company', 'kind', 'value'), name='company_point_once'),
                ],
            },
        ),
        migrations.CreateModel(
            name='CustomField',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('entity', models.CharField(choices=[('contact', 'Контакт'), ('company', 'Компания'), ('deal', 'Сделка')], max_length=8)),
                ('key', models.CharField(max_length=100)),
                ('name', models.CharField(max_length=300)),
                ('amo_type', models.CharField(blank=True, default='', max_length=40)),
                ('form', models.CharField(choices=[('text', 'Текст'), ('number', 'Число'), ('money', 'Деньги'), ('boolean', 'Да или нет'), ('choice', 'Выбор'), ('set', 'Несколько вариантов'), ('date', 'Дата'), ('datetime', 'Дата и время'), ('other', 'Прочее')], max_length=8)),
                ('code', models.CharField(blank=True, default='', max_length=100)),
                ('options', models.JSONField(blank=True, default=list)),
                ('settings', models.JSONField(blank=True, default=dict)),
                ('position', models.IntegerField(default=0)),
                ('amo_id', models.BigIntegerField(blank=True, null=True)),
                ('deleted_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['entity', 'position', 'id'],
                'constraints': [models.UniqueConstraint(fields=('entity', 'key'), name='custom_field_key_once'), models.UniqueConstraint(fields=('entity', 'amo_id'), name='custom_field_amo_once')],
            },
        ),
        migrations.CreateModel(
            name='Pipeline',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200, verbose_name='Название')),
                ('position', models.IntegerField(default=0)),
                ('is_main', models.BooleanField(default=False)),
                ('is_archived', models.BooleanField(default=False)),
                ('amo_id', models.BigIntegerField(blank=True, null=True, unique=True)),
                ('deleted_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['position', 'id'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('is_main', True)), fields=('is_main',), name='one_main_pipeline')],
            },
        ),
        migrations.CreateModel(
            name='Stage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200, verbose_name='Название')),
                ('position', models.IntegerField(default=0)),
                ('kind', models.CharField(choices=[('incoming', 'Неразобранное'), ('open', 'В работе'), ('won', 'Успешно'), ('lost', 'Отказ')], default='open', max_length=8)),
                ('color', models.CharField(default='#e6e8ea', max_length=7, validators=[django.core.validators.RegexValidator('^#[0-9a-f]{6}$')])),
                ('probability', models.PositiveSmallIntegerField(default=0, validators=[django.core.validators.MaxValueValidator(100)], verbose_name='Вероятность, %')),
                ('max_days', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='Норма, дней')),
                ('amo_id', models.BigIntegerField(blank=True, null=True)),
                ('deleted_at', models.DateTimeField(blank=True, null=True)),
                ('pipeline', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='stages', to='pipelines.pipeline')),
            ],
            options={
                'ordering': ['pipeline', 'position', 'id'],
                'constraints': [
                    models.UniqueConstraint(fields=('pipeline', 'amo_id'), name='stage_status_once'),
                    models.CheckConstraint(condition=models.Q(('probability__lte', 100)), name='stage_probability_percent'),
                    models.UniqueConstraint(condition=models.Q(('deleted_at__isnull', True), ('kind__in', ['won', 'lost'])), fields=('pipeline', 'kind'), name='stage_one_won_one_lost'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Deal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('amo_id', models.BigIntegerField(blank=True, null=True, unique=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('updated_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('deleted_at', models.DateTimeField(blank=True, null=True)),
                ('sync_state', models.CharField(choices=[('synced', 'Передано в amoCRM'), ('waiting', 'Ждёт передачи в amoCRM'), ('refused', 'Не передано в amoCRM')], default='synced', max_length=8)),
                ('sync_reason', models.CharField(blank=True, default='', max_length=500)),
                ('name', models.CharField(blank=True, default='', max_length=500, verbose_name='Название')),
                ('name_key', models.GeneratedField(db_persist=True, expression=pipelines.models.mirrored.Fold('name'), output_field=models.TextField(db_collation='C'))),
                ('price', models.DecimalField(blank=True, decimal_places=2, max_digits=15, null=True, verbose_name='Бюджет')),
                ('stage_entered_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('source', models.CharField(blank=True, default='', max_length=200, verbose_name='Источник')),
                ('tags', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), blank=True, default=list, size=None)),
                ('custom', models.JSONField(blank=True, default=dict)),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
                ('company', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='deals', to='pipelines.company')),
                ('responsible', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='deals', to=settings.AUTH_USER_MODEL, verbose_name='Ответственный')),
                ('loss_reason', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='deals', to='pipelines.lossreason')),
                ('pipeline', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='deals', to='pipelines.pipeline')),
                ('stage', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='deals', to='pipelines.stage')),
            ],
            options={
                'indexes': [
                    models.Index(condition=models.Q(('deleted_at__isnull', True)), fields=['stage', 'stage_entered_at', 'id'], include=('price', 'responsible'), name='deal_on_board'),
                    models.Index(fields=['responsible', 'stage'], name='deal_responsible'),
                    models.Index(condition=models.Q(('loss_reason__isnull', False)), fields=['loss_reason', 'closed_at'], name='deal_lost'),
                    models.Index(fields=['changed_at', 'id'], name='deal_changed'),
                    django.contrib.postgres.indexes.GinIndex(fields=['tags'], name='deal_tags'),
                    django.contrib.postgres.indexes.GinIndex(fields=['custom'], name='deal_custom', opclasses=['jsonb_path_ops']),
                ],
            },
        ),
        migrations.CreateModel(
            name='DealContact',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_main', models.BooleanField(default=False)),
                ('contact', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='links', to='pipelines.contact')),
                ('deal', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='links', to='pipelines.deal')),
            ],
            options={
                'ordering': [models.OrderBy(models.F('is_main'), descending=True), 'id'],
                'constraints': [
                    models.UniqueConstraint(fields=('deal', 'contact'), name='deal_contact_once'),
                    models.UniqueConstraint(condition=models.Q(('is_main', True)), fields=('deal',), name='deal_one_main_contact'),
                ],
            },
        ),
        migrations.AddField(
            model_name='deal',
            name='contacts',
            field=models.ManyToManyField(related_name='deals', through='pipelines.DealContact', to='pipelines.contact'),
        ),
        migrations.CreateModel(
            name='Home',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('server', models.CharField(max_length=100)),
                ('disarmed_at', models.DateTimeField(blank=True, null=True)),
                ('armed_at', models.DateTimeField(blank=True, null=True)),
                ('armed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('id', 1)), name='one_home'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Note',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('amo_id', models.BigIntegerField(blank=True, null=True, unique=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('updated_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('deleted_at', models.DateTimeField(blank=True, null=True)),
                ('sync_state', models.CharField(choices=[('synced', 'Передано в amoCRM'), ('waiting', 'Ждёт передачи в amoCRM'), ('refused', 'Не передано в amoCRM')], default='synced', max_length=8)),
                ('sync_reason', models.CharField(blank=True, default='', max_length=500)),
                ('kind', models.CharField(choices=[('common', 'Примечание'), ('call_in', 'Входящий звонок'), ('call_out', 'Исходящий звонок'), ('mail_in', 'Входящее письмо'), ('mail_out', 'Исходящее письмо'), ('sms_in', 'Входящая СМС'), ('sms_out', 'Исходящая СМС'), ('service', 'Служебное сообщение'), ('other', 'Прочее')], default='common', max_length=10)),
                ('text', models.TextField(blank=True, default='')),
                ('params', models.JSONField(blank=True, default=dict)),
                ('author', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('company', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='%(class)ss', to='pipelines.company')),
                ('contact', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='notes', to='pipelines.contact')),
                ('deal', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='notes', to='pipelines.deal')),
            ],
            options={
                'indexes': [
                    models.Index(fields=['deal', '-created_at'], name='note_of_deal'),
                    models.Index(fields=['contact', '-created_at'], name='note_of_contact'),
                    models.Index(fields=['changed_at', 'id'], name='note_changed'),
                ],
            },
        ),
        migrations.CreateModel(
            name='StageVisit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('entered_at', models.DateTimeField()),
                ('left_at', models.DateTimeField(blank=True, null=True)),
                ('source', models.CharField(choices=[('observed', 'записано здесь'), ('history', 'из истории amoCRM'), ('gap', 'восстановлено, в истории пробел')], default='observed', max_length=8)),
                ('direction', models.CharField(choices=[('start', 'начало'), ('forward', 'вперёд'), ('backward', 'назад'), ('transfer', 'другая воронка')], default='start', max_length=8)),
                ('skipped', models.PositiveSmallIntegerField(default=0)),
                ('skipped_stages', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), blank=True, default=list, size=None)),
                ('visit_number', models.PositiveSmallIntegerField(default=1)),
                ('by', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('deal', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='visits', to='pipelines.deal')),
                ('pipeline', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='pipelines.pipeline')),
                ('previous_stage', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='pipelines.stage')),
                ('stage', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='visits', to='pipelines.stage')),
            ],
            options={
                'ordering': ['entered_at', 'id'],
                'indexes': [
                    models.Index(fields=['deal', 'entered_at'], name='visit_of_deal'),
                    models.Index(fields=['stage', 'entered_at'], include=('deal', 'left_at'), name='visit_of_stage'),
                ],
                'constraints': [
                    models.UniqueConstraint(condition=models.Q(('left_at__isnull', True)), fields=('deal',), name='visit_one_open'),
                    models.CheckConstraint(condition=models.Q(('left_at__isnull', True), ('left_at__gte', models.F('entered_at')), _connector='OR'), name='visit_leaves_after_entering'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Tag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('entity', models.CharField(choices=[('contact', 'Контакт'), ('company', 'Компания'), ('deal', 'Сделка')], max_length=8)),
                ('name', models.CharField(max_length=200)),
                ('color', models.CharField(blank=True, default='', max_length=7)),
                ('amo_id', models.BigIntegerField(blank=True, null=True)),
            ],
            options={
                'ordering': ['name'],
                'constraints': [models.UniqueConstraint(fields=('entity', 'name'), name='tag_once')],
            },
        ),
        migrations.CreateModel(
            name='Task',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('amo_id', models.BigIntegerField(blank=True, null=True, unique=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('updated_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('deleted_at', models.DateTimeField(blank=True, null=True)),
                ('sync_state', models.CharField(choices=[('synced', 'Передано в amoCRM'), ('waiting', 'Ждёт передачи в amoCRM'), ('refused', 'Не передано в amoCRM')], default='synced', max_length=8)),
                ('sync_reason', models.CharField(blank=True, default='', max_length=500)),
                ('type', models.CharField(default='follow_up', max_length=40)),
                ('type_name', models.CharField(blank=True, default='', max_length=100)),
                ('text', models.TextField(blank=True, default='')),
                ('result', models.TextField(blank=True, default='')),
                ('due_at', models.DateTimeField()),
                ('is_done', models.BooleanField(default=False)),
                ('completed_at', models.DateTimeField(blank=True, null=True)),
                ('author', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('company', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='%(class)ss', to='pipelines.company')),
                ('contact', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='%(class)ss', to='pipelines.contact')),
                ('deal', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='%(class)ss', to='pipelines.deal')),
                ('responsible', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='tasks', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [
                    models.Index(condition=models.Q(('deleted_at__isnull', True), ('is_done', False)), fields=['deal', 'due_at'], name='task_open_of_deal'),
                    models.Index(condition=models.Q(('is_done', False)), fields=['contact', 'due_at'], name='task_open_of_contact'),
                    models.Index(condition=models.Q(('is_done', False)), fields=['responsible', 'due_at'], name='task_open_of_user'),
                    models.Index(fields=['changed_at', 'id'], name='task_changed'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Change',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('xid', models.BigIntegerField(db_default=django.db.models.functions.comparison.Cast(django.db.models.functions.comparison.Cast(pipelines.models.change.CurrentXactId(), models.TextField()), models.BigIntegerField()))),
                ('type', models.CharField(max_length=40)),
                ('subject_id', models.BigIntegerField()),
                ('occurred_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('recorded_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('origin', models.CharField(choices=[('ui', 'Ui'), ('api', 'Api'), ('amocrm', 'Amocrm'), ('import', 'Import'), ('automation', 'Automation'), ('campaign', 'Campaign')], max_length=10)),
                ('data', models.JSONField(default=dict)),
                ('actor', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['xid', 'id'], name='change_order'), models.Index(fields=['type', 'subject_id'], name='change_subject')],
            },
        ),
        migrations.AddIndex(
            model_name='company',
            index=django.contrib.postgres.indexes.GinIndex(pipelines.models.grams.Grams('name_key'), name='company_grams'),
        ),
        migrations.AddIndex(
            model_name='contact',
            index=django.contrib.postgres.indexes.GinIndex(pipelines.models.grams.Grams('name_key'), name='contact_grams'),
        ),
        migrations.AddIndex(
            model_name='contactpoint',
            index=django.contrib.postgres.indexes.GinIndex(pipelines.models.grams.Grams('value'), name='point_grams'),
        ),
        migrations.AddIndex(
            model_name='deal',
            index=django.contrib.postgres.indexes.GinIndex(pipelines.models.grams.Grams('name_key'), name='deal_grams'),
        ),
        *(
            migrations.RunSQL(NO_FIGURES.format(index), migrations.RunSQL.noop)
            for index in ("contact_grams", "company_grams", "deal_grams", "point_grams")
        ),
    ]
