"""Parameters for Go notebooks in papermill.

Papermill knows languages by translators, for which it has no entry point. This package stands in the
group of engines, which papermill loads, and registers its translator for Go while it is loaded.

The translator writes a parameter the way the notebook declares it: in the form (var, const or :=) and of
the type that the cell tagged "parameters" has for the name. Papermill does not show that cell to
translators, only to engines: so the default engine is replaced by one that looks at it and is otherwise
the same.
"""

from papermill.engines import NBClientEngine, papermill_engines
from papermill.translators import papermill_translators

from .translate import GoTranslator

__all__ = ["GoEngine", "GoTranslator"]


class GoEngine(NBClientEngine):
    """The engine that papermill uses by itself, which tells the translator of the notebook's cell."""

    @classmethod
    def nb_language(cls, nb, language=None):
        name = super().nb_language(nb, language)
        if name == "go":
            GoTranslator.read(nb)
        return name


papermill_translators.register("go", GoTranslator)
for _name in (None, "nbclient"):
    papermill_engines.register(_name, GoEngine)
