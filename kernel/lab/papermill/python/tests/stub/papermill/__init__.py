"""The parts of papermill that the package needs, for tests where there is none."""
