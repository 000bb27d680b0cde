"""The pages over one selection and one active location: a module a page (see `base`)."""
