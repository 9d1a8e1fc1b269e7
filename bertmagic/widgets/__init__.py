"""Live views: ipywidgets and anywidget classes, each with its plain JavaScript and CSS beside it.

`assets` joins the modules of a view. To add a view, write its class in a module here and its ``.js`` beside it.
"""
