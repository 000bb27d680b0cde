"""Train four-view residual networks that guess where a photograph was taken."""
