class PapermillException(Exception):
    pass
