__version__ = "0.1.0"
"""The version of the library."""
# Where the documentation stands on the web. Errors name their page of it.
SITE = "https://heymarket-async.readthedocs.io/en/stable"
