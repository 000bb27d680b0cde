"""Every photograph read once: what can be used, what is odd, and how bright it is."""

from trainer.data.prepare.photograph_index import PreparedData, index_file, prepare

__all__ = ["PreparedData", "index_file", "prepare"]
