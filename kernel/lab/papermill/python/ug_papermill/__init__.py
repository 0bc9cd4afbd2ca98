"""Parameters for Go notebooks in papermill.

Papermill knows languages by translators, for which it has no entry point. This package stands in the
group of engines, which papermill loads, and registers its translator for Go while it is loaded.

The translator writes a parameter the way the notebook declares it: in the form (var, const or :=) and of
the type that the cell tagged "parameters" has for the name. Papermill does not show that cell to
translators, only to engines: so the default engine is replaced by one that looks at it and is otherwise
the same.
"""

__all__ = ["GoEngine", "GoTranslator"]


def __getattr__(name):
    # Papermill asks for the engine while it is loaded, which the import below may have begun.
    if name in __all__:
        from . import engine

        return getattr(engine, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


import papermill  # noqa: E402, F401  first, as the modules of this package need all of it

from .engine import GoEngine, GoTranslator  # noqa: E402
