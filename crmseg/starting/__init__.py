"""From `manage.py` to a command that can work: the environment read, servers asked, schema, words and files ready.

`commandline.run` is the entry; it is the first line that Django is imported for.
"""
