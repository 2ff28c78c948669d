"""Liquid as letters speak it: the tags and filters allowed, and the limits."""

from liquid import Environment

from .highlights import NODES


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TAGS = words("# assign break capture case comment content continue cycle echo for if ifchanged illegal output unless")
FILTERS = words(
    "append capitalize default downcase escape first last lstrip newline_to_br prepend remove rstrip size squish "
    "strip strip_html truncate truncatewords upcase url_encode"
)


class LetterEnvironment(Environment):
    context_depth_limit = 20
    block_nesting_limit = 20
    loop_iteration_limit = 1000
    local_namespace_limit = 200_000
    output_stream_limit = 600_000

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        super().setup_tags_and_filters(extra=extra)
        self.tags = {name: tag for name, tag in self.tags.items() if name in TAGS}
        self.filters = {name: act for name, act in self.filters.items() if name in FILTERS}
        for name, node in NODES.items():
            self.tags[name].node_class = node  # type: ignore[attr-defined]


HTML = LetterEnvironment(autoescape=True)
PLAIN = LetterEnvironment()
