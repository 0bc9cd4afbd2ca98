class NBClientEngine:
    @classmethod
    def nb_language(cls, nb, language=None):
        return language or nb.metadata["language_info"]["name"]


class _Engines(dict):
    register = dict.__setitem__


papermill_engines = _Engines()
