"""The engine of Go notebooks, and the registration of what the package adds to papermill."""

from papermill.engines import NBClientEngine, papermill_engines
from papermill.translators import papermill_translators

from .translate import GoTranslator


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
