import errno
from pathlib import Path


class EmbeddedError(Exception):
    """One line that tells a human what is wrong and what to do."""


def explain(error: OSError, data_dir: Path) -> EmbeddedError:
    where = error.filename or data_dir
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return EmbeddedError(f"Нет прав на запись: {where}. Укажите другой каталог данных: DATA_DIR=…")
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return EmbeddedError(f"На диске нет места для каталога данных {data_dir}.")
    if error.errno in {errno.ENOTDIR, errno.EEXIST}:
        return EmbeddedError(f"Каталог данных {data_dir} нельзя создать: {where} — не каталог.")
    return EmbeddedError(f"Каталог данных {data_dir} недоступен: {error.strerror or error}: {where}")
