import errno
from pathlib import Path

from crmseg import causes
from crmseg.words import gettext as _


class EmbeddedError(Exception):
    """One line that tells a human what is wrong and what to do."""


def explain(error: OSError, data_dir: Path) -> EmbeddedError:
    where = error.filename or data_dir
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return EmbeddedError(
            _("Нет прав на запись: %(path)s. Укажите другой каталог данных: DATA_DIR=…") % {"path": where}
        )
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return EmbeddedError(_("На диске нет места для каталога данных %(path)s.") % {"path": data_dir})
    if error.errno in {errno.ENOTDIR, errno.EEXIST}:
        above = (Path(where), *Path(where).parents)
        where = next((each for each in above if each.exists() and not each.is_dir()), where)
        told = _("Каталог данных %(path)s нельзя создать: %(where)s — не каталог.")
        return EmbeddedError(told % {"path": data_dir, "where": where})
    told = _("Каталог данных %(path)s недоступен: %(error)s: %(where)s")
    return EmbeddedError(told % {"path": data_dir, "error": causes.of(error), "where": where})


def belongs_to_another(path: Path) -> EmbeddedError:
    return EmbeddedError(_("%(path)s принадлежит другому пользователю. Запустите от его имени.") % {"path": path})
