import errno
import pwd
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
        return EmbeddedError(
            _("На диске нет места для каталога данных %(path)s. Освободите его или укажите другой каталог: DATA_DIR=…")
            % {"path": data_dir}
        )
    if error.errno in {errno.ENOTDIR, errno.EEXIST}:
        above = (Path(where), *Path(where).parents)
        where = next((each for each in above if each.exists() and not each.is_dir()), where)
        told = _("Каталог данных %(path)s нельзя создать: %(where)s — не каталог. Укажите другой: DATA_DIR=…")
        return EmbeddedError(told % {"path": data_dir, "where": where})
    told = _("Каталог данных %(path)s недоступен: %(error)s: %(where)s. Укажите другой: DATA_DIR=…")
    return EmbeddedError(told % {"path": data_dir, "error": causes.of(error), "where": where})


def belongs_to_another(path: Path, uid: int, file: Path) -> EmbeddedError:
    """``uid`` is whose it should be, ``file`` what was found in it: one file, or anything of root's, is given back."""
    owner = file.lstat().st_uid
    if owner != 0 and file == path:
        return EmbeddedError(_("%(path)s принадлежит другому пользователю. Запустите от его имени.") % {"path": path})
    told = _("%(file)s принадлежит %(owner)s, и PostgreSQL его не откроет. Верните: sudo chown -R %(user)s %(path)s")
    names = {"file": file, "owner": name_of(owner), "user": name_of(uid), "path": path.resolve()}
    return EmbeddedError(told % names)


def name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def damaged(cluster: Path, name: str) -> EmbeddedError:
    """One file of it is missing, or is not what it was."""
    if (cluster / name).exists():
        cause = _("файл базы %(name)s повреждён: верните каталог из копии") % {"name": name}
        return EmbeddedError(_("База %(place)s не работает: %(cause)s.") % {"place": cluster, "cause": cause})
    told = _("База %(path)s повреждена, нет %(name)s. Верните её из копии.")
    return EmbeddedError(told % {"path": cluster, "name": name})
