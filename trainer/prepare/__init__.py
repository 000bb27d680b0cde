"""Every photograph read once: what can be used, what is odd, and how bright it is."""

from trainer.prepare.prepared import Prepared, index_file, prepare

__all__ = ["Prepared", "index_file", "prepare"]
